import Foundation

/// Where this process stands among those that `mpirun` started, by what it told them.
enum ProcessPlace {
  private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  /// Whether `mpirun` started it.
  static var isStarted: Bool { number("OMPI_COMM_WORLD_SIZE") != nil }

  /// Processes in all.
  static var count: Int { number("OMPI_COMM_WORLD_SIZE") ?? 1 }

  /// Lets the first process say what went wrong: mostly it went wrong for all, and `mpirun` ends them once one has failed.
  static func letLeaderSpeak() {
    if isFollower { Thread.sleep(forTimeInterval: 3) }
  }

  /// Whether another process speaks for all.
  static var isFollower: Bool { (number("OMPI_COMM_WORLD_RANK") ?? 0) > 0 }

  /// This machine's cores for each of the processes on it; nil for one alone.
  static var threads: Int? {
    guard let local = number("OMPI_COMM_WORLD_LOCAL_SIZE"), local > 1 else { return nil }
    // A process that is bound to some cores sees only those.
    let seen = ProcessInfo.processInfo.activeProcessorCount
    return max(1, Self.isBound ? seen : seen / local)
  }

  /// Whether the process may run on some of the machine's cores only.
  private static var isBound: Bool {
    ProcessInfo.processInfo.activeProcessorCount < ProcessInfo.processInfo.processorCount
  }
}
