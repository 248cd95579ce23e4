import Foundation
import Glibc

/// A Chromium without a window, driven over its debugging pipe: JSON with a NUL after each message.
///
/// Source: the DevTools protocol, https://chromedevtools.github.io/devtools-protocol/.
final class Chromium {
  /// Why something that was waited for did not come.
  struct Failure: Error, CustomStringConvertible { let description: String }

  /// The browser's program; nil where there is none.
  static let program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// What scripts threw and what the page's policy refused; tests expect none.
  private(set) var complaints: [String] = []
  private let process = Process()
  private let (requests, answers) = (Pipe(), Pipe())
  private let profile: URL
  private var buffer = Data()
  private var number = 0
  private var session: String?

  /// Starts it with an empty profile.
  init() throws {
    profile = FileManager.default.temporaryDirectory.appendingPathComponent("imago-chromium-\(UUID().uuidString)")
    guard let program = Self.program else { throw Failure(description: "there is no Chromium") }
    // The pipe is at descriptors 3 and 4, to which Process gives no access.
    let arguments = [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions", "--hide-scrollbars",
      "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--remote-debugging-pipe",
      "--user-data-dir=\(profile.path)", "about:blank",
    ]
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", #"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null"#, program] + arguments
    (process.standardInput, process.standardOutput) = (requests, answers)
    try process.run()
    let targets = try call("Target.getTargets")["targetInfos"] as? [[String: Any]] ?? []
    guard let page = targets.first(where: { $0["type"] as? String == "page" })?["targetId"] as? String else {
      throw Failure(description: "Chromium opened no page")
    }
    session = try call("Target.attachToTarget", ["targetId": page, "flatten": true])["sessionId"] as? String
    for domain in ["Page", "Runtime", "Log"] { try call("\(domain).enable") }
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: profile)
  }

  /// Calls a method and waits for its answer.
  @discardableResult
  func call(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
    number += 1
    var message: [String: Any] = ["id": number, "method": method, "params": parameters]
    if let session { message["sessionId"] = session }
    try requests.fileHandleForWriting.write(
      contentsOf: try JSONSerialization.data(withJSONObject: message) + Data([0]))
    while true {
      let answer = try next()
      if answer["id"] as? Int == number {
        if let error = answer["error"] { throw Failure(description: "\(method): \(error)") }
        return answer["result"] as? [String: Any] ?? [:]
      }
      note(answer)
    }
  }

  private func note(_ event: [String: Any]) {
    let parameters = event["params"] as? [String: Any] ?? [:]
    switch event["method"] as? String {
    case "Runtime.exceptionThrown": complaints.append("\(parameters["exceptionDetails"] ?? "")")
    case "Log.entryAdded":
      let entry = parameters["entry"] as? [String: Any] ?? [:]
      // What the network refuses is the page's to show.
      if entry["level"] as? String == "error", entry["source"] as? String != "network" {
        complaints.append("\(entry["text"] ?? "")")
      }
    default: break
    }
  }

  /// The next message; a browser that says nothing for a minute has failed.
  private func next() throws -> [String: Any] {
    let descriptor = answers.fileHandleForReading.fileDescriptor
    while true {
      if let end = buffer.firstIndex(of: 0) {
        let message = buffer[buffer.startIndex..<end]
        buffer = Data(buffer[buffer.index(after: end)...])
        return try JSONSerialization.jsonObject(with: message) as? [String: Any] ?? [:]
      }
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, 60_000) > 0 else { throw Failure(description: "Chromium does not answer") }
      var part = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(descriptor, &part, part.count)
      guard count > 0 else { throw Failure(description: "Chromium has ended") }
      buffer.append(contentsOf: part[..<count])
    }
  }
}
