import ArgumentParser
import CommandSupport
import Dispatch
import Foundation
import ModelFiles
import Server
import TensorCore

/// Serves pictures over HTTP.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves a page to make pictures with, and the APIs that people's tools speak.",
    discussion: """
      Speaks AUTOMATIC1111's API (/sdapi/v1), OpenAI's images API (/v1/images) and one of its own (/api, described by \
      /openapi.json). Pictures and the queue are kept in --data; what was asked for and not made when the server ended is \
      made when it runs again.

      Without --token only this machine can reach it, and --host may name no other address. The token is a password: give \
      it as Bearer, or as Basic with any user's name.

      Examples:
        imago serve
        imago serve --models ~/models --memory 6GB
        imago serve --host 0.0.0.0 --token-file token.txt --tls-certificate chain.pem --tls-key key.pem
      """)

  @Option(help: "The address to listen at.") var host = "127.0.0.1"
  @Option(parsing: .unconditional, help: "The port; 0 takes one that is free.", transform: whole) var port = 7860
  @Option(help: "What everybody who asks must know. Others on this machine may see it here: --token-file hides it.")
  var token: String?
  @Option(help: "A file whose first line is the token.", completion: .file()) var tokenFile: String?
  @Option(help: "The certificate's chain, PEM, in a program built with make build TLS=1.", completion: .file())
  var tlsCertificate: String?
  @Option(help: "The certificate's key, PEM.", completion: .file()) var tlsKey: String?
  @Option(help: "Where models, loras/, embeddings/, vae/ and styles.csv are looked up by name (the working folder).")
  var models: String?
  @Option(help: "The most memory with several models loaded, such as 6GB (all there is).", transform: MemorySize.bytes)
  var memory: Int?
  @Option(help: "Where pictures and the queue are kept (\(Self.usualData)).", completion: .directory) var data: String?
  @Option(help: "Pages of this origin may ask, such as https://example.org; * for all; may be given again.")
  var cors: [String] = []
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port \(port): must be 0 to 65535") }
    guard token == nil || tokenFile == nil else { throw ValidationError("give --token or --token-file, not both") }
    guard token != nil || tokenFile != nil || Access.isLoopback(host) else {
      throw ValidationError("--host \(host) can be reached from other machines: give --token or --token-file too")
    }
    if let token, token.isEmpty { throw ValidationError("--token has no value") }
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together")
    }
  }

  func run() throws {
    try reportingFailures {
      var options = PictureServer.Options(locator: try locator(), data: URL(fileURLWithPath: data ?? Self.usualData))
      (options.host, options.port, options.token) = (host, port, try token ?? tokenFile.map(Self.token))
      (options.certificate, options.key, options.origins) = (tlsCertificate, tlsKey, cors)
      (options.memory, options.precision, options.version) = (memory, compute.precision, Version.of("imago"))
      try compute.run {
        options.device = Device.current
        try serve(options)
      }
    }
  }

  /// Serves until the command is asked to stop.
  private func serve(_ options: PictureServer.Options) throws {
    let server = try PictureServer(options)
    let place = (tlsCertificate == nil ? "http" : "https") + "://" + (host.contains(":") ? "[\(host)]" : host)
    let (isQuiet, isJSON) = (compute.quiet, compute.json)
    let (ended, outcome) = (DispatchSemaphore(value: 0), ServeOutcome())
    Task {
      do {
        try await server.run { port in
          if isJSON { try? Terminal.json(["url": "\(place):\(port)/"]) }
          if !isQuiet { Terminal.error("serving at \(place):\(port)/") }
        }
      } catch { outcome.error = error }
      ended.signal()
    }
    Interruption.finishingFirst {
      var isStopping = false
      while ended.wait(timeout: .now() + 0.1) == .timedOut {
        if Interruption.isRequested, !isStopping {
          isStopping = true
          server.stop()
        }
      }
    }
    if let error = outcome.error { throw error }
    try Interruption.check()
  }

  private func locator() throws -> ModelLocator {
    guard let models else { return ModelLocator() }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: models, isDirectory: &isFolder), isFolder.boolValue else {
      throw ServeError(description: "\(models): there is no such folder; --models names where models are")
    }
    // What the program brought along is found from where it is, not from there.
    return ModelLocator(home: ModelLocator().home, workingDirectory: URL(fileURLWithPath: models).standardizedFileURL)
  }

  private static func token(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw ServeError(description: "\(path): cannot be read; --token-file names a file whose first line is the token")
    }
    let token = text.split(whereSeparator: \.isNewline).first.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
    guard !token.isEmpty else { throw ServeError(description: "\(path): its first line is empty") }
    return token
  }

  private static var usualData: String {
    let environment = ProcessInfo.processInfo.environment
    let base = environment["XDG_DATA_HOME"].flatMap { $0.isEmpty ? nil : $0 }
    return (base ?? "\(environment["HOME"] ?? ".")/.local/share") + "/imago"
  }
}

/// What cannot be served.
private struct ServeError: Error, CustomStringConvertible { let description: String }

/// How serving ended; written before the end is signalled, read after.
private final class ServeOutcome: @unchecked Sendable { var error: (any Error)? }

/// Sizes of memory as people write them.
enum MemorySize {
  private static let units: [(ending: String, bytes: Double)] = [
    ("tib", 0x1p40), ("gib", 0x1p30), ("mib", 0x1p20), ("tb", 1e12), ("gb", 1e9), ("mb", 1e6), ("g", 1e9), ("m", 1e6),
  ]

  /// Bytes of `6GB`, `512MB`, `1.5GiB`.
  static func bytes(_ text: String) throws -> Int {
    let lower = text.lowercased().filter { $0 != " " }
    for unit in units where lower.hasSuffix(unit.ending) {
      if let number = Double(lower.dropLast(unit.ending.count)), number > 0, number * unit.bytes < 1e15 {
        return Int(number * unit.bytes)
      }
    }
    throw ValidationError("must be a size such as 6GB")
  }
}
