import ArgumentParser
import CommandSupport
import Foundation
import Generation
import Images
import Jobs
import Lessons
import TensorCore

/// What can be done with a model that the recipes unclip-contrastive, -prior, -decoder and -enlarger trained.
struct UnCLIPCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unclip", abstract: "Pictures from embeddings: of texts, like a picture, between two pictures.",
    discussion: """
      The recipes unclip-contrastive, unclip-prior, unclip-decoder and unclip-enlarger train the model; docs/lessons.md says how it \
      works.

      Examples:
        imago unclip picture "a red star on a blue ground" --count 4 --output stars/
        imago unclip vary stars/00001-7.png --count 6 --output like-it/
        imago unclip between one.png other.png --frames 9 --output strip.png
      """,
    subcommands: [UnCLIPPicture.self, UnCLIPVary.self, UnCLIPBetween.self])
}

/// Flags of all three.
struct UnCLIPOptions: ParsableArguments {
  @Option(help: "The model's folder.", completion: .directory)
  var model = "runs/unclip-enlarger/model"
  @Option(parsing: .unconditional, help: "Steps of the decoder, and of what enlarges (25).", transform: whole)
  var steps = 25
  @Flag(help: "Leaves the decoder's pictures as they are, not enlarged.") var small = false
  @Option(
    parsing: .unconditional, help: "Seed of the first picture; picture i has this plus i; -1 draws one (random).",
    transform: seedOption)
  var seed: SeedChoice?
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard (1...1000).contains(steps) else { throw ValidationError("--steps \(steps): must be 1 to 1000") }
    guard compute.precision != .int8 else {
      throw ValidationError("--precision int8: such models draw in f32 or bf16")
    }
  }

  /// Throws for a number of pictures that cannot be.
  static func check(_ count: Int, _ flag: String, least: Int = 1) throws {
    guard (least...10_000).contains(count) else {
      throw ValidationError("\(flag) \(count): must be \(least) to 10000")
    }
  }

  /// Throws for strengths of guidance that cannot be.
  static func check(guidance: Float, _ flag: String) throws {
    guard (1...100).contains(guidance) else { throw ValidationError("\(flag) \(guidance): must be 1 to 100") }
  }

  func decoderSettings(guidance: Float) -> DecoderSettings {
    DecoderSettings(steps: steps, guidance: guidance, enlargerSteps: small ? nil : steps)
  }

  /// Opens the model and lets `draw` work, under a bar that counts the networks' steps.
  func run(
    _ label: String, _ draw: (_ model: UnCLIP, _ seed: UInt64, _ onStep: @escaping UnCLIP.OnStep) throws -> Void
  ) throws {
    try reportingFailures {
      try compute.run {
        let unclip = try UnCLIPFolder(URL(fileURLWithPath: model)).model(dtype: compute.chosenPrecision.dtype)
        let first = seed?.value ?? UInt64.random(in: 0..<(1 << 32))
        let bar = ProgressBar(total: 0, label: label, quiet: compute.quiet)
        var done = 0
        try draw(unclip, first) {
          try Interruption.check()
          done += 1
          bar.update(done: done)
        }
        bar.finish()
      }
    }
  }

  private struct Report: Encodable {
    let path: String
    let seed: UInt64
    let width, height: Int
  }

  /// Draws pictures one by one, writes each and tells of it; picture `i` has seed `first + i`.
  func write(
    _ count: Int, to pictures: inout NamedPictures, seed first: UInt64, _ draw: (_ seed: UInt64) throws -> Tensor
  ) throws {
    for index in 0..<count {
      let seed = first &+ UInt64(index)
      let pixels = try draw(seed)
      let url = try pictures.write(pixels, index: index, seed: seed)
      if compute.json {
        try Terminal.json(Report(path: url.path, seed: seed, width: pixels.shape[2], height: pixels.shape[1]))
      } else if !compute.quiet {
        Terminal.error("\(url.path)  seed \(seed)")
      }
    }
  }

  /// What a picture's file is to the model.
  func latents(_ file: String, _ model: UnCLIP, _ onStep: @escaping UnCLIP.OnStep) throws -> UnCLIP.Latents {
    let image = try ImageFile.load(URL(fileURLWithPath: file)).centerCroppedSquare()
    func pixels(_ side: Int) -> Tensor {
      ImageTensor.pack([image.resized(width: side, height: side, filter: side < image.width ? .area : .bilinear)])
    }
    return try model.latents(
      seen: pixels(model.contrastive.image.config.sampleSize), picture: pixels(model.decoder.side), steps: steps,
      onStep: onStep)
  }
}

/// Pictures of a text.
struct UnCLIPPicture: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "picture", abstract: "Draws what a text says, by way of the prior.",
    usage: "imago unclip picture <text> [<options>]",
    discussion: """
      Examples:
        imago unclip picture "a red star on a blue ground" --output star.png
        imago unclip picture "two green rings on a striped yellow ground" --count 8 --seed 1 --cfg 3 --output rings/
      """)

  @Argument(help: "What is to be seen.") var text: String
  @Option(parsing: .unconditional, help: "Pictures in all (1).", transform: whole) var count = 1
  @Option(parsing: .unconditional, help: "Guidance of the decoder by the embedding; 1 for none (2).", transform: single)
  var cfg: Float = 2
  @Option(parsing: .unconditional, help: "Steps of the prior (25).", transform: whole) var priorSteps = 25
  @Option(parsing: .unconditional, help: "Guidance of the prior by the text; 1 for none (1.5).", transform: single)
  var priorCfg: Float = 1.5
  @Option(
    parsing: .unconditional, help: "Embeddings the prior draws, of which the one closest to the text is taken (2).",
    transform: whole)
  var candidates = 2
  @Option(help: "A .png, .jpg or .safetensors file, a folder, or a pattern with {index} {seed} (outputs/).")
  var output: String?
  @OptionGroup var options: UnCLIPOptions

  func validate() throws {
    try UnCLIPOptions.check(count, "--count")
    try UnCLIPOptions.check(guidance: cfg, "--cfg")
    try UnCLIPOptions.check(guidance: priorCfg, "--prior-cfg")
    guard (1...1000).contains(priorSteps) else {
      throw ValidationError("--prior-steps \(priorSteps): must be 1 to 1000")
    }
    guard (1...100).contains(candidates) else { throw ValidationError("--candidates \(candidates): must be 1 to 100") }
    try wrongUsage { _ = try OutputNaming(output, count: count) }
  }

  func run() throws {
    try options.run("picture") { model, seed, onStep in
      var pictures = try NamedPictures(output, count: count, seed: seed)
      let asked = PriorSettings(steps: priorSteps, guidance: priorCfg, candidates: candidates)
      try options.write(count, to: &pictures, seed: seed) {
        try model.pictures(of: [text], seeds: [$0], asked, options.decoderSettings(guidance: cfg), onStep: onStep)
      }
    }
  }
}

/// Pictures like a picture.
struct UnCLIPVary: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vary", abstract: "Draws pictures with the embedding of a picture.",
    usage: "imago unclip vary <picture> [<options>]",
    discussion: """
      What the embedding holds stays, what it leaves open is drawn anew, as far as --eta says.

      Examples:
        imago unclip vary star.png --count 6 --output like-it/
        imago unclip vary star.png --eta 0 --cfg 1 --output again.png
      """)

  @Argument(help: "A .png or .jpg; the square in its middle counts.", completion: .file()) var picture: String
  @Option(parsing: .unconditional, help: "Pictures in all (1).", transform: whole) var count = 1
  @Option(parsing: .unconditional, help: "Guidance of the decoder by the embedding; 1 for none (2).", transform: single)
  var cfg: Float = 2
  @Option(
    parsing: .unconditional, help: "What is drawn anew: from 0, nothing, to 1, most (1).", transform: single)
  var eta: Float = 1
  @Option(help: "A .png, .jpg or .safetensors file, a folder, or a pattern with {index} {seed} (outputs/).")
  var output: String?
  @OptionGroup var options: UnCLIPOptions

  func validate() throws {
    try UnCLIPOptions.check(count, "--count")
    try UnCLIPOptions.check(guidance: cfg, "--cfg")
    guard (0...1).contains(eta) else { throw ValidationError("--eta \(eta): must be 0 to 1") }
    try wrongUsage { _ = try OutputNaming(output, count: count) }
  }

  func run() throws {
    try options.run("variation") { model, seed, onStep in
      var pictures = try NamedPictures(output, count: count, seed: seed)
      let latents = try options.latents(picture, model, onStep)
      try options.write(count, to: &pictures, seed: seed) {
        try model.variations(
          of: latents, eta: Double(eta), seeds: [$0], options.decoderSettings(guidance: cfg), onStep: onStep)
      }
    }
  }
}

/// The way from one picture to another.
struct UnCLIPBetween: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "between", abstract: "Draws a strip of pictures that lead from one to another.",
    usage: "imago unclip between <first> <second> [<options>]",
    discussion: """
      Examples:
        imago unclip between star.png heart.png --frames 9 --output strip.png
      """)

  @Argument(help: "A .png or .jpg; the square in its middle counts.", completion: .file()) var first: String
  @Argument(help: "Another.", completion: .file()) var second: String
  @Option(parsing: .unconditional, help: "Pictures of the strip, both ends among them (7).", transform: whole)
  var frames = 7
  @Option(
    parsing: .unconditional, help: "Guidance of the decoder by the embedding; 1, none, keeps the ends as they are (1).",
    transform: single)
  var cfg: Float = 1
  @Option(help: "A .png, .jpg or .safetensors file, a folder, or a pattern with {index} {seed} (outputs/).")
  var output: String?
  @OptionGroup var options: UnCLIPOptions

  func validate() throws {
    try UnCLIPOptions.check(frames, "--frames", least: 2)
    try UnCLIPOptions.check(guidance: cfg, "--cfg")
    try wrongUsage { _ = try OutputNaming(output, count: 1) }
  }

  func run() throws {
    try options.run("between") { model, seed, onStep in
      var pictures = try NamedPictures(output, count: 1, seed: seed)
      let ends = try [first, second].map { try options.latents($0, model, onStep) }
      try options.write(1, to: &pictures, seed: seed) {
        let drawn = try model.between(
          ends[0], ends[1], frames: frames, seed: $0, options.decoderSettings(guidance: cfg), onStep: onStep)
        return ImageTensor.pack([ImageGrid.make(ImageTensor.images(drawn), columns: frames, padding: 2)])
      }
    }
  }
}
