import Foundation
import FoundationNetworking
import Jobs
import ModelFiles
import PipelineSupport
import Server
import Synchronization
import TestSupport

/// A server on a port of its own that serves the small Stable Diffusion pipeline of the fixtures, `sd1_tiny`.
final class TestServer: Sendable {
  struct Answer {
    let status: Int
    let data: Data
    let headers: [AnyHashable: Any]

    /// The body as JSON; empty for what is none.
    var object: [String: Any] { (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:] }
    var text: String { String(decoding: data, as: UTF8.self) }
  }

  /// The models' folder and what a test writes; shared by servers that follow each other.
  final class Place: @unchecked Sendable {
    let scratch: ScratchPipeline
    let locator: ModelLocator

    init() throws {
      scratch = try ScratchPipeline("sd1_tiny")
      let home = scratch.file("home")
      try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
      locator = ModelLocator(home: home, workingDirectory: scratch.folder)
    }

    var data: URL { scratch.file("data") }
  }

  let place: Place
  let port: Int
  private let server: PictureServer
  private let task: Task<Void, any Error>

  init(_ place: Place? = nil, change: (inout PictureServer.Options) -> Void = { _ in }) async throws {
    let place = try place ?? Place()
    self.place = place
    var options = PictureServer.Options(locator: place.locator, data: place.data)
    (options.port, options.precision) = (0, .f32)
    change(&options)
    let server = try PictureServer(options)
    self.server = server
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    task = Task { try await server.run { continuation.yield($0) } }
    var iterator = ports.makeAsyncIterator()
    port = await iterator.next() ?? 0
  }

  func stop() async throws {
    server.stop()
    try await task.value
  }

  func send(
    _ method: String, _ path: String, _ body: Data? = nil, headers: [String: String] = [:]
  ) async throws -> Answer {
    guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else { throw URLError(.badURL) }
    var request = URLRequest(url: url)
    (request.httpMethod, request.httpBody, request.timeoutInterval) = (method, body, 120)
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let (data, response) = try await URLSession.shared.data(for: request)
    guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
    return Answer(status: response.statusCode, data: data, headers: response.allHeaderFields)
  }

  func get(_ path: String) async throws -> Answer { try await send("GET", path) }

  func post(_ path: String, _ body: String) async throws -> Answer {
    try await send("POST", path, Data(body.utf8), headers: ["Content-Type": "application/json"])
  }

  /// Asks for a job and gives its name.
  func job(_ body: String) async throws -> String {
    let answer = try await post("/api/jobs", body)
    guard let id = answer.object["id"] as? String else { throw UnexpectedAnswer(text: answer.text) }
    return id
  }

  /// Waits for a job's end.
  func finished(_ id: String) async throws -> [String: Any] {
    for _ in 0..<5_000 {
      let told = try await get("/api/jobs/\(id)").object
      guard let state = told["state"] as? String else { throw UnexpectedAnswer(text: "\(told)") }
      if !["queued", "running"].contains(state) { return told }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw UnexpectedAnswer(text: "\(id) does not end")
  }

  /// The file of a finished job's picture, by way of the gallery.
  func picture(_ id: String, _ index: Int = 0) async throws -> Data {
    let pictures = try await finished(id)["pictures"] as? [[String: Any]] ?? []
    guard index < pictures.count, let number = pictures[index]["id"] else {
      throw UnexpectedAnswer(text: "\(pictures)")
    }
    return try await get("/api/gallery/\(number)/image").data
  }

  struct UnexpectedAnswer: Error { let text: String }
}

extension TestServer.Place {
  /// The files that the command would write for a job.
  func files(_ job: PictureJob) throws -> [Data] {
    var (options, below) = (JobRunner.Options(), PictureJob())
    let folder = scratch.file("files-\(UUID().uuidString)")
    (options.output, options.needsInput) = (folder.path + "/", !job.edit.isEmpty)
    below.precision = .f32
    let locator = locator
    let runner = try JobRunner([JobLine(job)], below: below, options: options) {
      try LoadedPipeline($0, locator: locator)
    }
    try runner.run(JobRunner.Events())
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      try Data(contentsOf: folder.appendingPathComponent($0))
    }
  }

  /// A small picture as a PNG, whose file has the name that the server gives to what is sent.
  func input(_ name: String = "image.png") throws -> URL {
    let folder = scratch.file("inputs")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var job = PictureJob()
    (job.prompt, job.model, job.seed, job.steps, job.width, job.height) = ("a house", "sd1_tiny", 9, 2, 64, 64)
    let url = folder.appendingPathComponent(name)
    try files(job)[0].write(to: url)
    return url
  }
}
