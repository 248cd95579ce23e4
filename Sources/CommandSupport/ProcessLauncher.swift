import ArgumentParser
import Foundation
import Glibc
import Training

/// Starts this command again as several processes under `mpirun`, on this machine.
struct ProcessLauncher {
  let processes: Int
  /// Whether a run that loses a process goes on with one less.
  let isElastic: Bool
  let quiet: Bool

  /// Runs until the work is done or cannot go on.
  func run() throws {
    var left = processes
    while true {
      let status = try start(left)
      try Interruption.check()
      if status == 0 { return }
      // A process that was killed has a status above 128; one that said what is wrong has none.
      guard status > 128 else { throw ExitCode(status) }
      guard isElastic, left > 1 else {
        Terminal.error("error: a process was lost; the last state is whole, run again to go on")
        throw ExitCode(1)
      }
      left -= 1
      if !quiet { Terminal.error("note: a process was lost; going on from the last state with \(left)") }
    }
  }

  private func start(_ count: Int) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // More processes than cores are allowed. Where one is lost, mpirun waits for the others so long, whatever they do.
    process.arguments =
      [
        "mpirun", "--quiet", "--oversubscribe", "--bind-to", "none", "--mca", "odls_base_sigkill_timeout", "5", "-n",
        "\(count)",
      ]
      + (getuid() == 0 ? ["--allow-run-as-root"] : []) + [Self.executable] + Array(CommandLine.arguments.dropFirst())
    process.environment = ProcessInfo.processInfo.environment.merging([ProcessPlace.launchMark: "1"]) { $1 }
    guard Self.isInstalled else {
      throw TrainingError.badRecipe(
        path: "--processes", reason: "needs Open MPI's mpirun: install it (Debian: openmpi-bin) and run again")
    }
    try Interruption.withoutBlocks { try process.run() }
    Interruption.finishingFirst {
      var isTold = false
      while process.isRunning {
        Thread.sleep(forTimeInterval: 0.1)
        guard Interruption.isRequested, !isTold else { continue }
        // The processes finish their step and save the state, however long that takes.
        kill(process.processIdentifier, SIGUSR1)
        isTold = true
      }
    }
    return process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
  }

  private static var executable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }

  private static var isInstalled: Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/mpirun")
    }
  }
}
