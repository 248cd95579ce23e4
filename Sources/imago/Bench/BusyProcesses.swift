import Foundation

/// Processes that do nothing but keep cores busy, as a browser or a compiler beside us would.
final class BusyProcesses {
  private var processes: [Process] = []

  /// Each looks every tenth of a second or so whether the process it belongs to is still there, so that they end with it,
  /// however it ends.
  private static let loop = """
    while kill -0 "$0" 2>/dev/null; do i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; done
    """

  /// Starts `count` of them.
  /// - Throws: what the system says where it starts no more.
  init(_ count: Int) throws {
    for _ in 0..<count {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", Self.loop, "\(ProcessInfo.processInfo.processIdentifier)"]
      (process.standardInput, process.standardOutput) = (FileHandle.nullDevice, FileHandle.nullDevice)
      do {
        try process.run()
      } catch {
        end()
        throw error
      }
      processes.append(process)
    }
  }

  deinit { end() }

  /// Ends them and waits until they are gone.
  func end() {
    // They inherit what this process does not receive by itself, SIGTERM among it.
    for process in processes { kill(process.processIdentifier, SIGKILL) }
    for process in processes { process.waitUntilExit() }
    processes = []
  }
}
