import Foundation
import Images
import Testing

/// `lora-train` as a person runs it, on the bundled model.
@Suite struct LoRATrainCallTests {
  /// Twelve 64×64 pictures of stripes with captions, one of them damaged.
  private func pictures(in folder: URL) throws -> URL {
    let pictures = folder.appendingPathComponent("stripes")
    try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
    for index in 0..<12 {
      let pixels = (0..<(64 * 64 * 3)).map { UInt8(($0 / 3 % 64 / (index + 2)) % 2 == 0 ? 20 * index : 255) }
      try ImageFile.save(
        Image(width: 64, height: 64, channels: 3, pixels: pixels),
        to: pictures.appendingPathComponent("\(index).png"))
      try Data("a stripe of kind \(index)".utf8).write(to: pictures.appendingPathComponent("\(index).txt"))
    }
    try Data("no picture".utf8).write(to: pictures.appendingPathComponent("broken.jpg"))
    try Data("stripes --s 2 --w 64 --h 64\n".utf8).write(to: folder.appendingPathComponent("prompts.txt"))
    return pictures
  }

  private func scratch() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("lora-train-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  private let small = [
    "--style", "stripes", "--steps", "4", "--batch", "2", "--rank", "2", "--resolution", "64", "--targets", "attention",
    "--sample-prompts", "prompts.txt", "--trigger", "stripes",
  ]

  @Test func theSameRunGivesTheSameFileAndSaysWhatItDid() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let stripes = try pictures(in: folder)
    let kind = stripes.appendingPathComponent("2_some kind")
    try FileManager.default.createDirectory(at: kind, withIntermediateDirectories: true)
    try FileManager.default.moveItem(
      at: stripes.appendingPathComponent("0.png"), to: kind.appendingPathComponent("0.png"))
    let told = [
      "--scheduler", "cosine_with_restarts", "--cycles", "2", "--text-encoder", "--lr", "0.001", "--conv-rank", "1",
    ]
    var files: [Data] = []
    for name in ["a", "b"] {
      let result = try BuiltCommand.loraTrain.run(
        small + told + ["--json", "--output", "\(name)/stripes.safetensors"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("skipped broken.jpg") && result.errors.contains("validation loss"))
      #expect(result.output.split(separator: "\n").count { $0.hasPrefix(#"{"kind":"measured","step":"#) } == 2)
      #expect(result.output.contains(#""style_distance":"#) && result.output.contains(#""validation_loss":"#))
      files.append(try Data(contentsOf: folder.appendingPathComponent("\(name)/stripes.safetensors")))
      let grid = folder.appendingPathComponent("\(name)/stripes-before-after.png")
      #expect(try ImageFile.load(grid).height > 64)
    }
    #expect(files[0] == files[1])
    let header = String(decoding: files[0].prefix(40_000), as: UTF8.self)
    for words in [
      #""ss_lr_scheduler":"cosine_with_restarts""#, #""ss_text_encoder_lr":"0.0005""#,
      #""ss_network_args":"{\"conv_alpha\":\"1.0\",\"conv_dim\":\"1\"}""#,
      #"\"2_some kind\":{\"img_count\":1,\"n_repeats\":2}"#,
    ] { #expect(header.contains(words), "\(words) in \(header.prefix(6000))") }
    // Words the bundled model never learnt are left out of prompts, but not with an adapter that may have taught them.
    let drawn = try ["a cat", "a zkzish cat"].map { prompt in
      let name = "\(prompt).png"
      let result = try BuiltCommand.txt2img.run(
        [prompt, "--lora", "a/stripes.safetensors", "--seed", "1", "--steps", "2", "--no-metadata", "--output", name],
        in: folder)
      #expect(result.status == 0 && !result.errors.contains("never learnt"), "\(result.errors)")
      return try Data(contentsOf: folder.appendingPathComponent(name))
    }
    #expect(drawn[0] != drawn[1])
    // Another setting in the same run's folder is refused by its name, and the file stays.
    let other = try BuiltCommand.loraTrain.run(
      small + told + ["--output", "a/stripes.safetensors", "--seed", "5"], in: folder)
    #expect(other.status == 1 && other.errors.contains("loop.seed was 0 and is now 5"), "\(other.errors)")
    #expect(try Data(contentsOf: folder.appendingPathComponent("a/stripes.safetensors")) == files[0])
  }

  @Test func aRunGoesOnFromAFileAndSaysWhatItWillTake() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try pictures(in: folder)
    let first = try BuiltCommand.loraTrain.run(small + ["--output", "first.safetensors"], in: folder)
    #expect(first.status == 0, "\(first.errors)")
    // Before the first step: memory in GB, a duration, the steps.
    #expect(
      first.errors.contains(/it will take about \d+\.\d GB of memory and \d+ (s|minutes): 4 steps of/),
      "\(first.errors)")
    let second = try BuiltCommand.loraTrain.run(
      small + ["--network-weights", "first.safetensors", "--output", "second.safetensors"], in: folder)
    #expect(second.status == 0, "\(second.errors)")
    // It begins where the first one ended.
    func losses(_ text: String) -> [String] {
      text.matches(of: /validation loss ([\d.]+) before, ([\d.]+) after/).flatMap { [String($0.1), String($0.2)] }
    }
    #expect(
      losses(first.errors).last == losses(second.errors).first, "\(losses(first.errors)), \(losses(second.errors))")
    for (arguments, word) in [
      (["--rank", "3", "--network-weights", "first.safetensors"], "give --rank 2"),
      (["--targets", "all", "--network-weights", "first.safetensors"], "train the same targets"),
      (["--model", "first.safetensors"], "holds LoRA adapters, no model"),
    ] {
      let result = try BuiltCommand.loraTrain.run(small + arguments + ["--output", "third.safetensors"], in: folder)
      #expect(result.status == 1 && result.complaints.last?.contains(word) == true, "\(result.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("third.safetensors").path))
  }

  /// A text encoder's own weights as a recipe; what comes out is a model, beside a recipe of the same name.
  @Test func aNetworkItselfIsTrained() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try pictures(in: folder)
    func recipe(_ part: String) -> String {
      """
      kind: fine-tuning
      name: tuned
      method: full
      parts: [\(part)]
      pictures: {path: stripes, trigger: zkzish, resolution: 64}
      output: tuned.safetensors
      samples: {prompts: ["stripes --s 1 --w 64 --h 64"]}
      loop: {steps: 2, batch: 2, learning_rate: 0.001}
      """
    }
    let file = folder.appendingPathComponent("tuned.yaml")
    func train(_ part: String) throws -> CommandResult {
      try Data(recipe(part).utf8).write(to: file)
      return try BuiltCommand.imago.run(["train", "tuned.yaml", "--output", "run"], in: folder)
    }
    // What lies where the result would go stays.
    let place = folder.appendingPathComponent("tuned.safetensors")
    try Data("kept".utf8).write(to: place)
    let taken = try train("unet")
    #expect(taken.status == 1 && taken.complaints.last?.contains("tuned.safetensors: exists already") == true)
    #expect(try Data(contentsOf: place) == Data("kept".utf8))
    try FileManager.default.removeItem(at: place)
    let refused = try train("vae")
    #expect(refused.status == 1 && refused.errors.contains("parts cannot hold vae"), "\(refused.errors)")
    let trained = try train("text_encoder")
    #expect(trained.status == 0 && trained.errors.contains("it will take about"), "\(trained.errors)")
    // The bundled model lists the words it knows; the tuned one knows its trigger too.
    let drawn = try [[], ["--model", "tuned.safetensors"]].enumerated().map { index, model in
      let result = try BuiltCommand.txt2img.run(
        ["a zkzish cat", "--seed", "1", "--steps", "2", "--no-metadata", "--output", "\(index).png"] + model, in: folder
      )
      #expect(result.status == 0 && result.errors.contains("never learnt the words: zkzish") == model.isEmpty)
      return try Data(contentsOf: folder.appendingPathComponent("\(index).png"))
    }
    #expect(drawn[0] != drawn[1])
  }

  /// What stands where the run wants to write is named, and stays.
  @Test(arguments: ["log.jsonl", "report-0.json", "samples-0.png", "cache", "state.safetensors"])
  func aPlaceThatCannotBeWrittenIsNamed(_ name: String) throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try pictures(in: folder)
    let taken = folder.appendingPathComponent("run/\(name)")
    let isFile = name == "cache"
    try FileManager.default.createDirectory(
      at: isFile ? taken.deletingLastPathComponent() : taken.appendingPathComponent("kept"),
      withIntermediateDirectories: true)
    if isFile { try Data("kept".utf8).write(to: taken) }
    let result = try BuiltCommand.loraTrain.run(
      small + ["--run", "run", "--output", "stripes.safetensors"], in: folder)
    let errors = result.complaints.filter { $0.hasPrefix("error:") }
    #expect(result.status == 1 && errors.count == 1 && errors[0].contains("run/\(name)"), "\(result.errors)")
    #expect(!result.errors.contains("NSCocoaErrorDomain") && result.errors.hasSuffix("\(errors[0])\n"))
    #expect(FileManager.default.fileExists(atPath: isFile ? taken.path : taken.appendingPathComponent("kept").path))
    #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("stripes.safetensors").path))
  }

  /// A class's pictures are drawn anew where another class is asked for, and what is left out or has no words is said.
  @Test func priorsAreOfTheirClass() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let pictures = try pictures(in: folder)
    try FileManager.default.removeItem(at: pictures.appendingPathComponent("3.txt"))
    try Data("RIFF".utf8).write(to: pictures.appendingPathComponent("photo.webp"))
    func priors(_ name: String) throws -> [String] {
      let result = try BuiltCommand.loraTrain.run(
        [
          "--subject", "stripes", "--trigger", "zkz", "--class", name, "--prior-pictures", "1", "--steps", "1",
          "--batch", "1", "--rank", "1", "--targets", "attention", "--resolution", "64", "--output",
          "\(name).safetensors", "--run", "run \(name)",
        ], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("skipped photo.webp: is neither PNG nor JPEG"))
      let place = folder.appendingPathComponent("run \(name)/prior")
      return try FileManager.default.contentsOfDirectory(atPath: place.path)
    }
    // Folders are named by what their pictures depend on, so that a run's never holds another class's.
    let (dog, apple) = (try priors("a dog"), try priors("an apple"))
    #expect(dog.count == 1 && apple.count == 1 && dog != apple)
    // The bundled model by its name is taught as it is without; every picture of the class counts.
    let named = try BuiltCommand.loraTrain.run(
      [
        "--subject", "stripes", "--trigger", "zkz", "--class", "a dog", "--prior-pictures", "14", "--steps", "1",
        "--model", "scenes", "--batch", "1", "--targets", "attention", "--conv-rank", "2", "--resolution", "64",
        "--output", "n.safetensors",
      ], in: folder)
    #expect(named.status == 0 && named.errors.contains("28 examples an epoch"), "\(named.errors)")
    #expect(named.errors.contains("LoRA of rank 16 on") && named.errors.contains("learning rate 0.002"))
    let header = String(
      decoding: try Data(contentsOf: folder.appendingPathComponent("n.safetensors")).prefix(200_000), as: UTF8.self)
    #expect(header.contains("resnets_0_conv1") && header.contains("attn1_to_q") && !header.contains("ff_net"))
    let wordless = try BuiltCommand.loraTrain.run(
      ["--style", "stripes", "--steps", "1", "--rank", "1", "--resolution", "64", "--output", "w.safetensors"],
      in: folder)
    #expect(wordless.status == 0 && wordless.errors.contains("\n1 of them have no caption"), "\(wordless.errors)")
  }

  @Test(arguments: [
    (["--style", "stripes", "--rank", "0"], 64, "--rank"), (["--style", "nowhere"], 1, "no such folder"),
    (["--style", "empty"], 1, "no PNG or JPEG"), ([], 64, "--style DIR or --subject DIR"),
    (["--style", "stripes", "--lr", "nan"], 64, "--lr"), (["--style", "stripes", "--resume"], 1, "nothing to resume"),
    (["--style", "stripes", "--output", "x.png"], 64, ".safetensors"),
    (["--style", "stripes", "--output", "stripes/0.png/x.safetensors"], 1, "0.png: is a file and no folder"),
    (["--style", "stripes", "--precision", "int8"], 64, "int8"),
    (["--style", "stripes", "--embedding", "two words"], 1, "one word"),
    (["--style", "stripes", "--embedding", "zkz", "--rank", "4"], 64, "leave out --rank"),
    (["--style", "stripes", "--embedding", "zkz", "--format", "diffusers"], 64, "leave out --format"),
    (["--style", "stripes", "--vectors", "4"], 64, "--vectors needs --embedding"),
    (["--style", "stripes", "--keep-tags", "2"], 64, "--keep-tags needs --shuffle-tags"),
    (["--style", "stripes", "--prior-weight", "3"], 64, "--prior-weight needs --prior-pictures"),
    (["--style", "stripes", "--cycles", "3"], 64, "--cycles needs --scheduler cosine_with_restarts"),
    (["--style", "stripes", "--scheduler", "polynomial", "--power", "0"], 64, "--power: must be above 0"),
    (["--style", "stripes", "--sample-prompts", "wrong.txt"], 1, "wrong.txt:3: --nonsense"),
  ])
  func whatCannotBeIsSaidInOneLine(_ arguments: [String], _ status: Int, _ word: String) throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try pictures(in: folder)
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("empty"), withIntermediateDirectories: true)
    try Data("# two\na cat\n--prompt \"a dog\" --nonsense 3\n".utf8).write(
      to: folder.appendingPathComponent("wrong.txt"))
    let result = try BuiltCommand.loraTrain.run(arguments, in: folder)
    #expect(result.status == Int32(status), "\(result.errors)")
    #expect(result.complaints.last?.contains(word) == true, "\(result.errors)")
    #expect(!result.errors.contains("encoded"), "it is said before the work")
    #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("stripes.run").path))
    #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("stripes.safetensors").path))
  }
}
