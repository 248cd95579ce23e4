import Foundation
import Jobs

/// What is left of the machine for a run, asked before its first step: what cannot fit is refused then, and not hours later.
public struct RunRoom: Sendable {
  /// Bytes of memory that can still be had; nil where nobody knows.
  public var memory: @Sendable () -> Int?
  /// Bytes that are free where a folder lies; nil where nobody knows.
  public var disk: @Sendable (_ folder: URL) -> Double?

  /// - Parameters: what the system says, unless something else is given.
  public init(
    memory: @escaping @Sendable () -> Int? = { MachineMemory.available() },
    disk: @escaping @Sendable (_ folder: URL) -> Double? = { Self.freeBytes(at: $0) }
  ) {
    (self.memory, self.disk) = (memory, disk)
  }

  private static let megabyte = 1e6

  /// Bytes the file system of a folder has for users.
  public static func freeBytes(at folder: URL) -> Double? {
    let found = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)[.systemFreeSize]
    return (found as? NSNumber)?.doubleValue
  }

  /// Throws if the disk has no room for a run's states, each of which is written beside the last one.
  /// - Parameters:
  ///   - bytes: of one state.
  ///   - hasState: whether there is one already.
  func checkDisk(_ folder: URL, stateBytes bytes: Int, hasState: Bool) throws(TrainingError) {
    let needed = Double(bytes) * (hasState ? 1 : 2)
    guard let free = disk(folder), needed > free else { return }
    throw .badFolder(
      path: folder.path,
      reason: String(
        format: "the run's states need %.0f MB, %.0f MB of the disk are free: make room, or name another folder",
        (needed / Self.megabyte).rounded(.up), (free / Self.megabyte).rounded(.down)))
  }
}
