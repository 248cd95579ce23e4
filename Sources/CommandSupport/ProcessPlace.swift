import Foundation
import Glibc
import MPICommunicator
import Synchronization

/// Where this process stands among those that `mpirun` started, by what it told them.
enum ProcessPlace {
  private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  /// Whether `mpirun` started it.
  static var isStarted: Bool { number("OMPI_COMM_WORLD_SIZE") != nil }

  /// Processes in all.
  static var count: Int { number("OMPI_COMM_WORLD_SIZE") ?? 1 }

  /// Whether `ProcessLauncher` started them: it says what became of them.
  static var isLaunched: Bool { number(launchMark) == 1 }

  /// What `ProcessLauncher` tells the processes it starts.
  static let launchMark = "IMAGO_LAUNCHED"

  /// The first process, if it is on this machine; 0 otherwise.
  private static let leader = Atomic<Int32>(0)

  /// Joins the others. To be called once.
  static func join() throws -> MPICommunicator {
    let world = try MPICommunicator(isStopping: { Interruption.isRequested }, whenSilent: sayOneMayBeLost)
    // The leader's machine, as a number that doubles hold, and its process.
    var hash: UInt64 = 5381
    for byte in ProcessInfo.processInfo.hostName.utf8 { hash = (hash &* 33 ^ UInt64(byte)) & 0xFFFF_FFFF }
    let machine = Double(hash)
    var told = world.rank == 0 ? [machine, Double(getpid())] : [0, 0]
    try world.sum(&told)
    if told[0] == machine { leader.store(Int32(told[1]), ordering: .relaxed) }
    return world
  }

  /// `mpirun` ends all processes once one is lost, and soon: the first one says so, or, where that is the lost one, the second.
  @Sendable private static func sayOneMayBeLost() {
    guard !isLaunched else { return }
    if isFollower {
      let process = leader.load(ordering: .relaxed)
      guard number("OMPI_COMM_WORLD_RANK") == 1, process > 0, kill(process, 0) != 0 else { return }
    }
    Terminal.error(
      "note: this process was told to end, and another one does not answer: if it was lost, the last state is whole, "
        + "and the same command goes on")
  }

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
