import Foundation

extension BuiltCommand {
  /// Runs a shell script with the commands' paths in `TXT2IMG`, `IMG2IMG` and `IMAGO`: for what only a shell does to them.
  /// - Parameter folder: where it runs.
  static func shell(_ script: String, in folder: URL) throws -> CommandResult {
    let process = Process()
    (process.executableURL, process.arguments) = (URL(fileURLWithPath: "/bin/sh"), ["-c", script])
    process.currentDirectoryURL = folder
    var environment = ProcessInfo.processInfo.environment
    for command in [BuiltCommand.txt2img, .img2img, .imago] {
      environment[command.rawValue.uppercased()] = command.url.path
    }
    environment["OMP_NUM_THREADS"] = "1"
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let (out, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (out, errors)
    try process.run()
    // Scripts here say little: neither pipe fills up.
    let output = try out.fileHandleForReading.readToEnd() ?? Data()
    let complaints = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return CommandResult(
      status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
      errors: String(decoding: complaints, as: UTF8.self))
  }
}
