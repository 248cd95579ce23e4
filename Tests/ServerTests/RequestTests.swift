import Foundation
import Server
import Testing

/// Who may ask, and what no request may do.
@Suite struct RequestTests {
  @Test func tokens() async throws {
    let server = try await TestServer { $0.token = "a secret: word" }
    let basic = Data("anybody:a secret: word".utf8).base64EncodedString()
    for (header, status) in [
      (nil, 401), ("Bearer a secret: word", 200), ("Basic \(basic)", 200), ("Bearer a secret: worm", 401),
      ("Bearer ", 401), ("Basic !!", 401), ("Basic " + Data("a secret: word".utf8).base64EncodedString(), 401),
    ] as [(String?, Int)] {
      for path in ["/api/jobs", "/sdapi/v1/samplers", "/v1/models", "/openapi.json"] {
        // Foundation's client would ask a person for a password.
        let connection = try RawConnection(port: server.port)
        let headers = ["Host": "localhost", "Connection": "close"]
        connection.ask("GET", path, headers.merging(header.map { ["Authorization": $0] } ?? [:]) { $1 })
        let line = try await connection.read(until: "\r\n")
        #expect(line.hasPrefix("HTTP/1.1 \(status) "), "\(header ?? "nothing") \(path)")
      }
    }
    try await server.stop()
  }

  /// Pages of others cannot ask in a browser's name, nor reach the server under a name of theirs.
  @Test func pagesOfOthers() async throws {
    let server = try await TestServer()
    let own = "127.0.0.1:\(server.port)"
    for (headers, status) in [
      (["Host": own], 200), (["Host": "localhost:\(server.port)"], 200), (["Host": "evil.example"], 403),
      (["Host": own, "Origin": "http://\(own)"], 200), (["Host": own, "Origin": "https://evil.example"], 403),
      (["Host": own, "Origin": "null"], 403),
    ] {
      let connection = try RawConnection(port: server.port)
      connection.ask("GET", "/api/jobs", headers.merging(["Connection": "close"]) { $1 })
      let line = try await connection.read(until: "\r\n")
      #expect(line.hasPrefix("HTTP/1.1 \(status) "), "\(headers)")
    }
    try await server.stop()
    let open = try await TestServer { $0.origins = ["https://friend.example"] }
    let friend = ["Origin": "https://friend.example"]
    let answer = try await open.send("GET", "/api/jobs", headers: friend)
    #expect(answer.status == 200)
    #expect(answer.headers["Access-Control-Allow-Origin"] as? String == "https://friend.example")
    #expect(try await open.send("GET", "/api/jobs", headers: ["Origin": "https://evil.example"]).status == 403)
    try await open.stop()
  }

  @Test func anotherAddressNeedsAToken() async throws {
    await #expect(throws: APIError.self) { try await TestServer { $0.host = "0.0.0.0" } }
  }

  /// No name in a request becomes a path.
  @Test func namesAreNoPaths() async throws {
    let server = try await TestServer()
    let model = server.place.scratch.model.path
    for setting in ["model", "vae", "lora", "embedding", "classifier", "guide", "variant"] {
      for name in [
        model, "/etc/passwd", "../\(URL(fileURLWithPath: model).lastPathComponent)", "./sd1_tiny", "..", ".",
        "\\u0000", "a\\u0000b",
      ] {
        let answer = try await server.post("/api/jobs", #"{"settings": {"prompt": "a", "\#(setting)": "\#(name)"}}"#)
        #expect(answer.status == 422 && answer.object["error"] != nil, "\(setting) \(name): \(answer.text)")
      }
    }
    for setting in ["init_image", "tokenizer", "mask", "mask_out", "styles_file", "file_name"] {
      let answer = try await server.post("/api/jobs", #"{"settings": {"prompt": "a", "\#(setting)": "x.png"}}"#)
      #expect(answer.status == 422 && answer.text.contains("names a file"), "\(setting): \(answer.text)")
    }
    let tag = try await server.post(
      "/api/jobs", #"{"settings": {"model": "sd1_tiny", "prompt": "a <lora:../../x:1>"}}"#)
    #expect(tag.status == 422 && tag.text.contains("../../x"))
    try await server.stop()
  }

  @Test func damagedBodies() async throws {
    let server = try await TestServer()
    for (body, status) in [
      ("", 400), ("{", 400), ("[]", 422), ("null", 422), (#"{"settings": 1}"#, 422), (#"{"nothing": 1}"#, 422),
      (#"{"settings": {"steps": 0}}"#, 422), (#"{"settings": {"unheard_of": 0}}"#, 422),
      (#"{"settings": {}, "image": "no base64!"}"#, 422), (#"{"settings": {}, "image": "aGVsbG8="}"#, 422),
      (String(repeating: "[", count: 20_000), 400),
      (#"{"settings": {}, "promptFile": "a", "grid": {"x": {"setting": "cfg", "values": []}}}"#, 422),
    ] {
      let answer = try await server.post("/api/jobs", body)
      #expect(answer.status == status, "\(body.prefix(60)): \(answer.status) \(answer.text)")
      #expect(((answer.object["error"] as? [String: Any])?["message"] as? String)?.contains("\n") == false)
    }
    try await server.stop()
  }

  /// Whether files are no certificate, or the program has no HTTPS: nothing is served in the clear instead.
  @Test func certificatesThatCannotBeUsed() async throws {
    let error = await #expect(throws: APIError.self) {
      _ = try await TestServer { ($0.certificate, $0.key) = ("/nowhere/chain.pem", "/nowhere/key.pem") }
    }
    #expect(error?.message.hasPrefix("/nowhere/chain.pem") == true)
  }

  /// A body that is too long is refused before it is read.
  @Test func longBodies() async throws {
    let server = try await TestServer()
    let connection = try RawConnection(port: server.port)
    connection.ask("POST", "/api/jobs", ["Host": "localhost", "Content-Length": "\(1 << 40)"], body: "x")
    #expect(try await connection.read(until: "\r\n").hasPrefix("HTTP/1.1 413 "))
    let chunked = try RawConnection(port: server.port)
    chunked.send("POST /sdapi/v1/png-info HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    let chunk = String(repeating: "x", count: 1 << 20)
    try await Blocking.run { for _ in 0..<34 { chunked.send("100000\r\n\(chunk)\r\n") } }
    #expect(try await chunked.read(until: "\r\n").hasPrefix("HTTP/1.1 413 "))
    try await server.stop()
  }

  /// What the document says can be asked can be, and nothing else.
  @Test func document() async throws {
    let server = try await TestServer()
    let document = try await server.get("/openapi.json").object
    let paths = try #require(document["paths"] as? [String: [String: Any]])
    #expect(paths.count > 40)
    for (path, methods) in paths where !path.contains("{") {
      for method in methods.keys where method == "get" {
        #expect(try await server.get(path).status == 200, "\(path)")
      }
      for method in methods.keys where method == "post" {
        let answer = try await server.post(path, "7")
        #expect(answer.status != 404 && answer.status != 405 && answer.status < 500, "\(path): \(answer.text)")
      }
      let other = try await server.send("PUT", path)
      #expect(other.status == 405 && other.headers["Allow"] != nil, "\(path): \(other.status)")
    }
    #expect(try await server.send("PUT", "/nothing").status == 404)
    // Every setting of a picture is in it, but for those that name files.
    let schemas = (document["components"] as? [String: Any])?["schemas"] as? [String: Any]
    let settings = (schemas?["Settings"] as? [String: Any])?["properties"] as? [String: Any]
    #expect(settings?["clip_skip"] != nil && settings?["sampler_name"] != nil && settings?["init_image"] == nil)
    try await server.stop()
  }
}
