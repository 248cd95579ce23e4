/// Who wants to know of changes, and is woken whenever there was one; what it was, the state says. Whoever is slow sleeps over what lies
/// between.
struct Followers: Sendable {
  private var streams: [Int: AsyncStream<Void>.Continuation] = [:]
  private var last = 0

  var isEmpty: Bool { streams.isEmpty }

  /// Adds one, which is woken once at the start.
  mutating func add() -> (number: Int, wakes: AsyncStream<Void>) {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    last += 1
    streams[last] = continuation
    continuation.yield()
    return (last, stream)
  }

  mutating func remove(_ number: Int) { streams[number] = nil }

  /// Wakes one, so that it says something to a client that may be gone.
  func wake(_ number: Int) { streams[number]?.yield() }

  /// Wakes all.
  func tell() { for stream in streams.values { stream.yield() } }
}
