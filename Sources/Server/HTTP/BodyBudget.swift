import Synchronization

/// Memory for the bodies of requests: what all of them together may take at a time.
final class BodyBudget: Sendable {
  private let free: Mutex<Int>

  init(bytes: Int = BodyLimits.together) { free = Mutex(bytes) }

  /// Takes a body's bytes from what is left; `give` hands them back.
  /// - Throws: `APIError` 503 while others' bodies fill it.
  func take(_ bytes: Int) throws(APIError) {
    let isTaken = free.withLock { free in
      guard free >= bytes else { return false }
      free -= bytes
      return true
    }
    if !isTaken {
      throw APIError(.serviceUnavailable, "too many large requests at once: try again in a moment")
    }
  }

  func give(_ bytes: Int) { free.withLock { $0 += bytes } }
}
