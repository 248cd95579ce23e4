import Foundation
import Testing

/// Jobs wait, run, end, and outlive the server.
@Suite struct QueueTests {
  private static func body(_ seed: Int, steps: Int = 2, count: Int = 1) -> String {
    """
    {"settings": {"prompt": "a cat", "model": "sd1_tiny", "width": 64, "height": 64, "steps": \(steps), "seed": \(seed)},
     "count": \(count)}
    """
  }

  @Test func cancelling() async throws {
    let server = try await TestServer()
    let running = try await server.job(Self.body(1, steps: 900))
    let waiting = try await server.job(Self.body(2))
    let last = try await server.job(Self.body(3))
    #expect(try await server.get("/api/jobs/\(last)").object["position"] as? Int ?? 0 >= 1)
    #expect(try await server.send("DELETE", "/api/jobs/\(waiting)").object["state"] as? String == "cancelled")
    _ = try await server.send("DELETE", "/api/jobs/\(running)")
    #expect(try await server.finished(running)["state"] as? String == "cancelled")
    #expect(try await server.finished(last)["state"] as? String == "done")
    #expect(try FileManager.default.contentsOfDirectory(atPath: server.place.data.path + "/queue").isEmpty)
    try await server.stop()
  }

  /// A client that comes late is told what happened before it came, and the end.
  @Test func events() async throws {
    let server = try await TestServer()
    let id = try await server.job(Self.body(5, count: 2))
    _ = try await server.finished(id)
    let late = try await server.get("/api/jobs/\(id)/events").text
    let names = late.split(separator: "\n").filter { $0.hasPrefix("event: ") }.map { String($0.dropFirst(7)) }
    #expect(names == ["progress", "picture", "picture", "done"])
    #expect(late.contains(#""seed":"5""#) && late.contains(#""seed":"6""#))
    try await server.stop()
  }

  /// What was asked for and not made is made by the next server, what was made is not made again.
  @Test func theQueueOutlivesTheServer() async throws {
    let place = try TestServer.Place()
    let first = try await TestServer(place)
    let long = try await first.job(Self.body(1, steps: 25, count: 3))
    let other = try await first.job(Self.body(9))
    while try await (first.get("/api/jobs/\(long)").object["pictures"] as? [Any] ?? []).isEmpty {
      try await Task.sleep(for: .milliseconds(20))
    }
    try await first.stop()

    let second = try await TestServer(place)
    for id in [long, other] { #expect(try await second.finished(id)["state"] as? String == "done") }
    let made = try await second.get("/api/gallery?limit=100").object["pictures"] as? [[String: Any]] ?? []
    #expect(made.compactMap { $0["seed"] as? String }.sorted() == ["1", "2", "3", "9"])
    let seeds = try await second.finished(long)["pictures"] as? [[String: Any]] ?? []
    #expect(seeds.compactMap { $0["seed"] as? String } == ["1", "2", "3"])
    try await second.stop()
  }

  @Test func promptFilesAndGrids() async throws {
    let server = try await TestServer()
    let settings = #"{"model": "sd1_tiny", "width": 64, "height": 64, "steps": 1}"#
    let file = try await server.post(
      "/api/jobs",
      #"{"settings": \#(settings), "promptFile": "a cat --d 3\n# no job\na dog --steps none\na cow --d 4"}"#)
    #expect(file.status == 202)
    let jobs = try #require(file.object["jobs"] as? [[String: Any]])
    #expect(jobs.compactMap { $0["line"] as? Int } == [1, 4])
    #expect(((file.object["problems"] as? [[String: Any]])?.first?["line"] as? Int) == 3)
    let grid = try await server.post(
      "/api/jobs",
      #"{"settings": \#(settings), "grid": {"x": {"setting": "cfg", "values": [1, 2.5]}, "y": {"setting": "steps", "values": ["1", "2"]}}}"#
    )
    let cells = try #require(grid.object["jobs"] as? [[String: Any]])
    #expect(cells.map { "\($0["x"] ?? "") \($0["y"] ?? "")" } == ["0 0", "1 0", "0 1", "1 1"])
    var seeds: Set<String> = []
    for cell in cells {
      let pictures = try await server.finished(cell["id"] as? String ?? "")["pictures"] as? [[String: Any]]
      seeds.insert(pictures?.first?["seed"] as? String ?? "")
    }
    #expect(seeds.count == 1)
    let group = try #require(grid.object["group"] as? String)
    #expect(try await server.send("DELETE", "/api/jobs?group=\(group)").status == 200)
    #expect(try await server.send("DELETE", "/api/jobs?group=none").status == 404)
    try await server.stop()
  }

  /// Who waits for a picture and goes away stops it, so that the next one comes.
  @Test func aClientGoesAway() async throws {
    let server = try await TestServer()
    var connection: RawConnection? = try RawConnection(port: server.port)
    connection?.ask(
      "POST", "/sdapi/v1/txt2img", ["Host": "localhost"],
      body: """
        {"prompt": "a cat", "steps": 900, "width": 64, "height": 64,
         "override_settings": {"sd_model_checkpoint": "sd1_tiny"}}
        """)
    var running: String?
    for _ in 0..<1000 where running == nil {
      let jobs = try await server.get("/api/jobs").object["jobs"] as? [[String: Any]] ?? []
      running = jobs.first { $0["step"] as? Int ?? 0 > 0 }?["id"] as? String
      try await Task.sleep(for: .milliseconds(20))
    }
    connection = nil
    #expect(try await server.finished(running ?? "")["state"] as? String == "cancelled")
    #expect(try await server.finished(server.job(Self.body(1)))["state"] as? String == "done")
    try await server.stop()
  }

  /// Whoever follows a job does not keep a server that stops.
  @Test func stoppingEndsStreams() async throws {
    let server = try await TestServer()
    let id = try await server.job(Self.body(1, steps: 900))
    let connection = try RawConnection(port: server.port)
    connection.ask("GET", "/api/jobs/\(id)/events", ["Host": "localhost"])
    #expect(try await connection.read(until: "event: progress").contains("text/event-stream"))
    try await server.stop()
    #expect(try await !connection.read().contains("event: done"))
  }

  @Test func twoServersDoNotShareAFolder() async throws {
    let server = try await TestServer()
    await #expect(throws: (any Error).self) { try await TestServer(server.place) }
    try await server.stop()
  }
}
