import Foundation
import Images
import Testing

/// `imago eval` as a person calls it, with the bundled model and the bundled network.
@Suite struct EvalCallTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private func imago(_ arguments: [String]) throws -> CommandResult {
    try BuiltCommand.imago.run(["eval"] + arguments, in: folder.url)
  }

  /// The JSON objects on stdout.
  private func objects(_ result: CommandResult) throws -> [[String: Any]] {
    try result.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  /// 32×32 pictures of stripes, in sub-folders named after their direction.
  private func stripes(_ name: String, count: Int, shift: Int = 0) throws {
    for index in 0..<count {
      let (isUpright, width) = (index % 2 == 0, index / 2 % 5 + 2)
      let pixels = (0..<(32 * 32)).flatMap { at -> [UInt8] in
        let place = isUpright ? at % 32 : at / 32
        return (place + index + shift) / width % 2 == 0 ? [UInt8(40 + 5 * index), 90, 30] : [230, 220, 250]
      }
      let place = folder.file("\(name)/\(isUpright ? "upright" : "level")")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      try ImageFile.save(
        Image(width: 32, height: 32, channels: 3, pixels: pixels), to: place.appendingPathComponent("\(index).png"))
      let direction = isUpright ? "upright" : "level"
      try Data("\(direction) stripes".utf8).write(to: place.appendingPathComponent("\(index).txt"))
    }
  }

  private func value(_ report: [String: Any], _ name: String) throws -> Double {
    let measures = try #require(report["measures"] as? [[String: Any]])
    return try #require(measures.first { $0["name"] as? String == name }?["value"] as? Double)
  }

  @Test func foldersAndTheProbe() throws {
    try stripes("real", count: 20)
    try stripes("other", count: 16, shift: 1)
    try Data("no picture".utf8).write(to: folder.file("other/level/broken.png"))
    let same = try imago(["real", "--reference", "real", "--json"])
    #expect(same.status == 0, "\(same.errors)")
    let report = try #require(try objects(same).first)
    #expect((report["network"] as? String)?.contains("scenes") == true && report["pictures"] as? Int == 20)
    #expect(try value(report, "precision") == 1 && value(report, "recall") == 1)
    #expect(try value(report, "kid") <= 0)
    let notes = try #require(report["notes"] as? [String])
    #expect(notes.contains { $0.contains("20 pictures are too few for the covariance") })

    let fitted = try imago(["probe", "real", "--test", "other", "--output", "judge.safetensors", "--json"])
    #expect(fitted.status == 0, "\(fitted.errors)")
    #expect(fitted.complaints.count == 1 && fitted.complaints[0].contains("level/broken.png"), "\(fitted.errors)")
    let probe = try #require(try objects(fitted).first)
    #expect(probe["answers"] as? [String: Int] == ["label": 2])
    let judged = try imago([
      "other", "--reference", "real", "--metrics", "kid", "--probe", "judge.safetensors", "--json",
    ])
    #expect(judged.status == 0, "\(judged.errors)")
    let groups = try #require(try objects(judged).first?["groups"] as? [[String: Any]])
    let found = try #require(groups[0]["found"] as? [String: Double])
    // Directions are easy to see.
    #expect(groups[0]["name"] as? String == "label" && (found["value"] ?? 0) > 0.9)
    #expect(try imago(["probe", "real", "--output", "judge.safetensors"]).status == 1)
    let through = try imago(["probe", "real", "--through", "scenes", "--output", "other.safetensors"])
    #expect(through.status == 0, "\(through.errors)")
    #expect(
      try Data(contentsOf: folder.file("other.safetensors")) != Data(contentsOf: folder.file("judge.safetensors")))
  }

  @Test func whatTheModelDraws() throws {
    try stripes("real", count: 6)
    let prompts = try folder.write(
      "a cat --s 1\na dog --s 1\n# nothing\na red car --s 2\na cat --s 1\n", to: "prompts.txt")
    let drawn = try imago(["--prompts", prompts, "--reference", "real", "--cfg", "1,3", "--picture", "c.png", "--json"])
    #expect(drawn.status == 0, "\(drawn.errors)")
    let reports = try objects(drawn)
    #expect(reports.compactMap { $0["cfg"] as? Double } == [1, 3])
    #expect(reports.allSatisfy { $0["pictures"] as? Int == 4 && $0["model"] as? String == "scenes" })
    #expect(try ImageFile.load(folder.file("c.png")).width == 900)
    let kept = try imago(["--data", "real", "--steps", "1", "--count", "4", "--keep", "drawn", "--metrics", "kid"])
    #expect(kept.status == 0, "\(kept.errors)")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("drawn").path).sorted()
    #expect(files == ["000000.png", "000001.png", "000002.png", "000003.png", "metadata.jsonl"])
    let again = try imago(["drawn", "--reference", "real", "--metrics", "pr", "--json"])
    #expect(again.status == 0, "\(again.errors)")
  }

  @Test func lossesAndReconstructions() throws {
    try stripes("real", count: 3)
    try Data("no picture".utf8).write(to: folder.file("real/level/broken.png"))
    let loss = try imago(["loss", "real", "--bands", "4", "--resolution", "64", "--picture", "l.png", "--json"])
    #expect(loss.status == 0, "\(loss.errors)")
    #expect(loss.complaints.contains { $0.contains("left out") && $0.contains("broken.png") }, "\(loss.errors)")
    #expect(try objects(loss).first?["pictures"] as? Int == 3)
    let bands = try #require(try objects(loss).first?["bands"] as? [[String: Any]])
    #expect(bands.map { $0["from"] as? Int } == [0, 250, 500, 750] && bands.map { $0["to"] as? Int }.last == 999)
    let sigmas = bands.compactMap { $0["sigma"] as? Double }
    #expect(sigmas.count == 4 && sigmas == sigmas.sorted())
    #expect(try ImageFile.load(folder.file("l.png")).width == 900)
    let autoencoder = try imago(["autoencoder", "real", "--picture", "a.png", "--json"])
    #expect(autoencoder.status == 0, "\(autoencoder.errors)")
    let report = try #require(try objects(autoencoder).first)
    #expect(report["pictures"] as? Int == 3 && autoencoder.errors.contains("broken.png"), "\(autoencoder.errors)")
    let (psnr, ssim) = (report["psnr"] as? [String: Double], report["ssim"] as? [String: Double])
    #expect((10...60).contains(psnr?["value"] ?? 0) && (0...1).contains(ssim?["value"] ?? -1))
  }

  @Test func whatCannotBeIsSaidInOneLine() throws {
    try stripes("real", count: 5)
    try FileManager.default.createDirectory(at: folder.file("empty"), withIntermediateDirectories: true)
    _ = try folder.write("no weights", to: "network.safetensors")
    let failing: [([String], String)] = [
      (["nowhere", "--reference", "real"], "nowhere"), (["real", "--reference", "empty"], "holds no PNG or JPEG"),
      (["real", "--reference", "real", "--network", "network.safetensors"], "network.safetensors"),
      (["real", "--network", "real"], "has no guide.json"), (["real", "--metrics", "is"], "tells classes apart"),
      (["real", "--metrics", "agreement"], "reads texts"),
      (["real", "--probe", fixture("network.safetensors")], "network.safetensors"),
      (["--prompts", "nowhere.txt"], "nowhere.txt"), (["--data", "real", "--keep", "empty"], "exists already"),
      (["loss", "empty"], "holds no PNG or JPEG"), (["loss", "real", "--resolution", "60"], "--resolution 60"),
      (["autoencoder", "real", "--model", "nowhere"], "nowhere"),
      (["commitment", "--sprites", "empty"], "no drawings"),
      (["probe", "nowhere", "--output", "p.safetensors"], "nowhere"),
    ]
    for (arguments, word) in failing {
      let result = try imago(arguments)
      #expect(result.status == 1 && result.output.isEmpty, "\(arguments): \(result.status) \(result.errors)")
      #expect(result.complaints.count == 1, "\(arguments): \(result.errors)")
      #expect(result.complaints.first?.contains(word) == true, "\(arguments): \(result.errors)")
    }
    let wrong: [[String]] = [
      [], ["real", "--prompts", "p.txt"], ["real", "--metrics", "fid"], ["real", "--metrics", "nice"],
      ["real", "--steps", "3"], ["--data", "real", "--reference", "real"], ["--data", "real", "--cfg", "a"],
      ["--data", "real", "--picture", "c.png"], ["--data", "real", "--cfg", "1,2", "--picture", "c.txt"],
      ["real", "--sprites", "s"], ["loss", "real", "--bands", "0"], ["probe", "real", "--output", "p.png"],
      ["commitment", "--sprites", "s", "--sigmas", "1,x"], ["commitment", "--sprites", "s", "--hands", "mine"],
    ]
    for arguments in wrong { #expect(try imago(arguments).status == 64, "\(arguments)") }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
    #expect(left == ["empty", "network.safetensors", "real", "results"])
  }

  private func fixture(_ name: String) -> String { folder.file(name).path }
}
