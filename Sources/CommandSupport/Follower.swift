import Foundation
import MPICommunicator

/// A process that works with the leader, whose files it does not touch.
enum Follower {
  /// Does its part with a folder of its own, that is removed afterwards, in place of the leader's.
  /// - Throws: `FollowerError` for whatever goes wrong.
  static func work(in world: MPICommunicator, _ work: (_ scratch: URL) throws -> Void) throws {
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("imago-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    do {
      try work(scratch)
    } catch {
      throw FollowerError(rank: world.rank, host: ProcessInfo.processInfo.hostName, reason: "\(error)")
    }
  }
}

/// What went wrong in a process that is not the leader.
struct FollowerError: Error, CustomStringConvertible {
  let rank: Int
  let host, reason: String

  var description: String { "process \(rank) on \(host): \(reason)" }
}
