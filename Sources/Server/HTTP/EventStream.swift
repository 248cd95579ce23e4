import Hummingbird
import ServiceLifecycle

/// Server-sent events.
enum EventStream {
  /// How often something is said to a client when nothing happens, so that one that is gone is noticed.
  private static let silence = Duration.seconds(15)

  /// What is new for one client, and whether nothing more comes.
  typealias News = () throws -> (text: String, isOver: Bool)

  /// Events of a job.
  static func response(of job: ServedJob) -> Response {
    response(follow: job.follow, unfollow: job.unfollow, wake: job.wake) { [job] in
      var follower = JobFollower(job)
      return { (try follower.news().map { try $0.text() }.joined(), follower.isOver) }
    }
  }

  /// - Parameters:
  ///   - follow: gives a number and wakes whenever something may be new; `unfollow` ends that, `wake` wakes once.
  ///   - news: makes what tells a client apart from others.
  static func response(
    follow: @escaping @Sendable () -> (number: Int, wakes: AsyncStream<Void>),
    unfollow: @escaping @Sendable (Int) -> Void, wake: @escaping @Sendable (Int) -> Void,
    news: @escaping @Sendable () -> News
  ) -> Response {
    let body = ResponseBody { writer in
      let (number, wakes) = follow()
      defer { unfollow(number) }
      let pulse = Task {
        while !Task.isCancelled {
          try await Task.sleep(for: silence)
          wake(number)
        }
      }
      defer { pulse.cancel() }
      let news = news()
      // A server that stops ends the stream; whoever reads it looks again when the server is there again.
      for await _ in wakes.cancelOnGracefulShutdown() {
        let (text, isOver) = try news()
        try await writer.write(ByteBuffer(string: text.isEmpty ? ": still here\n\n" : text))
        if isOver { break }
      }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok,
      headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store", .connection: "close"],
      body: body)
  }
}
