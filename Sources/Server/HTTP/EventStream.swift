import Hummingbird

/// Server-sent events of a job.
enum EventStream {
  /// How often something is said to a client when nothing happens, so that one that is gone is noticed.
  private static let silence = Duration.seconds(15)

  static func response(of job: ServedJob, _ request: Request) throws -> Response {
    let body = ResponseBody { writer in
      let (number, wakes) = job.follow()
      defer { job.unfollow(number) }
      let pulse = Task {
        while !Task.isCancelled {
          try await Task.sleep(for: silence)
          job.wake(number)
        }
      }
      defer { pulse.cancel() }
      var follower = JobFollower(job)
      for await _ in wakes {
        let text = try follower.news().map { try $0.text() }.joined()
        try await writer.write(ByteBuffer(string: text.isEmpty ? ": still here\n\n" : text))
        if follower.isOver { break }
      }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok,
      headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store", .connection: "close"],
      body: body)
  }
}
