import Foundation
import Glibc

/// `imago serve` with the model that ships, as a person starts it, with its pictures in a folder of the test's.
final class ServedPage {
  struct Failure: Error, CustomStringConvertible { let description: String }

  /// Where the page is, with `/` at the end.
  private(set) var address = ""
  let folder: URL
  private var process = Process()
  private let token: String?
  private let memory: Int?

  /// Whether a server can be told that it has little memory: in a mount namespace of its own, whose control group says so.
  static let canLimitMemory =
    getuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare")
    && FileManager.default.fileExists(atPath: "/sys/fs/cgroup")

  /// - Parameter memory: bytes the server finds free, if `canLimitMemory`; nil for what the machine has.
  init(token: String? = nil, memory: Int? = nil) throws {
    (self.token, self.memory) = (token, memory)
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("imago-page-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try start(port: 0)
  }

  deinit {
    stop()
    try? FileManager.default.removeItem(at: folder)
  }

  var port: Int { address.split(separator: ":").last.flatMap { Int($0.filter(\.isNumber)) } ?? 0 }

  /// Starts the server and waits until it answers.
  func start(port: Int) throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("imago")
    process.arguments =
      ["serve", "--port", "\(port)", "--json", "--quiet", "--data", folder.appendingPathComponent("data").path]
      + (token.map { ["--token", $0] } ?? [])
    if let memory, let program = process.executableURL {
      let script = """
        mount -t tmpfs none /sys/fs/cgroup && echo $((\(memory) + 1)) > /sys/fs/cgroup/memory.max \
          && echo 1 > /sys/fs/cgroup/memory.current && exec "$0" "$@"
        """
      process.arguments = ["-m", "sh", "-c", script, program.path] + (process.arguments ?? [])
      process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    }
    process.currentDirectoryURL = folder
    var environment = ProcessInfo.processInfo.environment
    environment["OMP_NUM_THREADS"] = "1"
    process.environment = environment
    let output = Pipe()
    (process.standardOutput, process.standardInput) = (output, FileHandle.nullDevice)
    // That it was interrupted is no news.
    process.standardError = FileHandle.nullDevice
    try process.run()
    var said = Data()
    while !said.contains(UInt8(ascii: "\n")) {
      let part = output.fileHandleForReading.availableData
      guard !part.isEmpty else {
        throw Failure(description: "the server ended: \(String(decoding: said, as: UTF8.self))")
      }
      said += part
    }
    guard let line = try JSONSerialization.jsonObject(with: said) as? [String: Any], let url = line["url"] as? String
    else { throw Failure(description: String(decoding: said, as: UTF8.self)) }
    address = url
  }

  /// Stops it as Ctrl-C does.
  func stop() {
    guard process.isRunning else { return }
    process.interrupt()
    process.waitUntilExit()
  }
}
