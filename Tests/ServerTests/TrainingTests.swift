import Foundation
import Testing

/// LoRAs that are trained over HTTP.
@Suite struct TrainingTests {
  private static func body(_ picture: String, name: String, more: String = "") -> String {
    """
    {"name": "\(name)", "kind": "style", "trigger": "ink", "steps": 2, "rank": 2, "resolution": 64, "model": "sd1_tiny",
     "samplePrompt": "a cat"\(more), "pictures": [{"name": "a.png", "image": "\(picture)", "caption": "a house"}]}
    """
  }

  /// What was trained is served by its name.
  @Test func aTrainedLoRAIsServed() async throws {
    let server = try await TestServer()
    let picture = try Data(contentsOf: server.place.input()).base64EncodedString()
    let answer = try await server.post("/api/trainings", Self.body(picture, name: "ink"))
    let id = try #require(answer.object["id"] as? String, "\(answer.text)")
    var told: [String: Any] = [:]
    for _ in 0..<2000 {
      told = try await server.get("/api/trainings/\(id)").object
      if !["queued", "running"].contains(told["state"] as? String ?? "") { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(told["state"] as? String == "done", "\(told)")
    #expect((told["losses"] as? [[Double]])?.map { $0[0] } == [1, 2])
    let samples = try #require(told["samples"] as? [[String: Any]])
    let sample = try await server.get(samples.last?["image"] as? String ?? "/")
    #expect(sample.data.starts(with: [0x89, 0x50, 0x4e, 0x47]))
    #expect(try await server.get("/api/options").text.contains(#""loras":[{"name":"ink"}]"#))
    let job = try await server.job(
      #"{"settings": {"prompt": "a cat <lora:ink:1>", "model": "sd1_tiny", "width": 64, "height": 64, "steps": 1}}"#)
    #expect(try await server.finished(job)["state"] as? String == "done")
    #expect(try await server.post("/api/trainings", Self.body(picture, name: "ink")).status == 409)
    try await server.stop()
    // A server that comes later knows what it did.
    let later = try await TestServer(server.place)
    let remembered = try await later.get("/api/trainings/\(id)").object
    #expect((remembered["losses"] as? [[Double]])?.map { $0[0] } == [1, 2] && remembered["steps"] as? Int == 2)
    #expect(
      (remembered["samples"] as? [[String: Any]])?.compactMap { $0["step"] as? Int }
        == samples.map { $0["step"] as? Int })
    try await later.stop()
  }

  @Test func whatCannotBeTrained() async throws {
    let server = try await TestServer()
    let picture = try Data(contentsOf: server.place.input()).base64EncodedString()
    for (name, more, setting) in [
      ("../up", "", "name"), ("", "", "name"), ("a", #", "steps2": 1"#, "steps2"), ("a", #", "rate": 7"#, "rate"),
      ("a", #", "class": "a dog""#, "class"),
    ] {
      let answer = try await server.post("/api/trainings", Self.body(picture, name: name, more: more))
      #expect(answer.status == 422 && (answer.object["error"] as? [String: Any])?["setting"] as? String == setting)
    }
    #expect(try await server.post("/api/trainings", Self.body("aGVsbG8=", name: "a")).status == 422)
    let left = try FileManager.default.contentsOfDirectory(atPath: server.place.data.path + "/trainings")
    #expect(left.isEmpty)
    #expect(try await server.get("/api/trainings/none").status == 404)
    try await server.stop()
  }
}
