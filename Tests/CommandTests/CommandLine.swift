import Foundation

/// What a command said and how it ended.
struct CommandResult: Sendable {
  let status: Int32
  let output, errors: String

  /// Lines on stderr but the one that says what computes.
  var complaints: [String] {
    errors.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("onednn:") && !$0.hasPrefix("openblas:") }
  }
}

/// The built commands, run as a person runs them.
enum BuiltCommand: String, Sendable {
  case txt2img, img2img, imago
  case loraTrain = "lora-train"

  /// Commands lie beside the bundle of tests, which is the program that runs.
  var url: URL {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent(rawValue)
  }

  /// Runs the command to its end.
  ///
  /// One thread: pictures do not depend on the number, and tests run beside each other.
  /// - Parameters:
  ///   - folder: where the command runs; what it says is kept there until it has ended.
  ///   - input: what it reads on standard input; nothing if nil.
  func run(_ arguments: [String], in folder: URL, input: String? = nil) throws -> CommandResult {
    let process = Process()
    (process.executableURL, process.arguments, process.currentDirectoryURL) = (url, arguments, folder)
    var environment = ProcessInfo.processInfo.environment
    environment["OMP_NUM_THREADS"] = "1"
    process.environment = environment
    // Files, not pipes: nobody has to empty them while the command runs.
    let mark = UUID().uuidString
    let inURL = folder.appendingPathComponent("\(mark).in")
    defer { try? FileManager.default.removeItem(at: inURL) }
    if let input { try Data(input.utf8).write(to: inURL) }
    process.standardInput = input == nil ? FileHandle.nullDevice : try FileHandle(forReadingFrom: inURL)
    let (outURL, errorURL) = (
      folder.appendingPathComponent("\(mark).out"), folder.appendingPathComponent("\(mark).err")
    )
    for url in [outURL, errorURL] { try Data().write(to: url) }
    let (out, errors) = (try FileHandle(forWritingTo: outURL), try FileHandle(forWritingTo: errorURL))
    (process.standardOutput, process.standardError) = (out, errors)
    try process.run()
    process.waitUntilExit()
    try out.close()
    try errors.close()
    defer { for url in [outURL, errorURL] { try? FileManager.default.removeItem(at: url) } }
    return CommandResult(
      status: process.terminationStatus, output: try String(contentsOf: outURL, encoding: .utf8),
      errors: try String(contentsOf: errorURL, encoding: .utf8))
  }
}
