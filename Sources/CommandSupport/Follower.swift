import Foundation
import MPICommunicator

/// A process that works with the leader, whose files it does not touch.
enum Follower {
  /// Does the work as leader or follower. It ends by itself where it is asked to stop, and leaves in good order: `mpirun` takes a
  /// process that did not for one that was lost.
  static func run(_ world: MPICommunicator, lead: () throws -> Void, follow: (_ scratch: URL) throws -> Void) throws {
    try Interruption.finishingFirst {
      if world.rank == 0 { try lead() } else { try work(in: world, follow) }
      world.leave()
    }
  }

  /// Does its part with a folder of its own, that is removed afterwards, in place of the leader's.
  /// - Throws: `FollowerError` for whatever goes wrong.
  private static func work(in world: MPICommunicator, _ work: (_ scratch: URL) throws -> Void) throws {
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
