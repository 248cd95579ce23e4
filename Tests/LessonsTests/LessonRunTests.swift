import Evaluation
import Foundation
import Images
import Lessons
import TestSupport
import Testing
import Training

/// Whole runs of tiny recipes.
@Suite struct LessonRunTests {
  init() { LessonKinds.register() }

  private func run(_ yaml: String, in folder: ScratchFolder, _ context: RunContext = RunContext()) throws -> URL {
    let file = folder.file("r.yaml")
    try Data(yaml.utf8).write(to: file)
    let output = folder.file("run")
    try Recipes.read(file).run(in: output, context)
    return output
  }

  private func generative(_ model: String, _ settings: String, steps: Int = 4) -> String {
    """
    kind: generative
    name: tiny
    model: \(model)
    point_noise: 0.1
    width: 8
    depth: 1
    samples: 64
    distance_limit: 100
    \(settings)
    loop: {steps: \(steps), batch: 8, learning_rate: 0.001, seed: 1, log_every: 1, save_every: 2, average_decay: 0.9}
    """
  }

  @Test(arguments: [
    ("score", "sigma_max: 2\nsigma_min: 0.1\nlevels: 3\nsteps: 2\nstep_size: 0.1", false),
    ("score-flow", "sigma_max: 2\nsigma_min: 0.1\nsteps: 3", true), ("vae", "latent: 2", true),
    ("flow", "couplings: 2", true), ("gan", "latent: 2\nblur: 0.1", false),
  ])
  func everyKindIsMeasuredAndDrawn(model: String, settings: String, hasLikelihood: Bool) throws {
    let folder = try ScratchFolder()
    var notes: [String] = []
    let output = try run(
      generative(model, settings), in: folder,
      RunContext(onEvent: { if case .note(let line) = $0 { notes.append(line) } }))
    let result = try LessonResult.read(output)
    #expect(result.model == model && (result.likelihood != nil) == hasLikelihood && result.likelihoodOfData != nil)
    #expect(result.distance > result.distanceOfReal)
    #expect(try ImageFile.load(output.appendingPathComponent("samples.png")).width > 800)
    // What it costs is told before the first step, what it came to at the end.
    #expect(notes.contains { $0.hasPrefix("4 steps of 8 examples, about") } && notes.last == result.line)
    #expect(try LossCurve.draw(output) != nil)
    #expect(LessonTable.lines([result])[2].hasPrefix("| tiny | \(model) | \(result.parameters) |"))
  }

  @Test func aRunGoesOnToTheSameResult() throws {
    let (whole, parts) = (try ScratchFolder(), try ScratchFolder())
    let yaml = generative("gan", "latent: 2\nblur: 0.1", steps: 6)
    let first = try run(yaml, in: whole)
    var steps = 0
    _ = try run(
      yaml, in: parts, RunContext(onEvent: { if case .step = $0 { steps += 1 } }, shouldStop: { steps == 3 }))
    let second = try run(yaml, in: parts)
    #expect(try LessonResult.read(first).distance == LessonResult.read(second).distance)
    let name = "state.safetensors"
    #expect(
      try Data(contentsOf: first.appendingPathComponent(name)) == Data(contentsOf: second.appendingPathComponent(name)))
  }

  @Test func samplesThatAreTooFarEndTheRunInOneLine() throws {
    let folder = try ScratchFolder()
    let yaml = generative("flow", "couplings: 2").replacingOccurrences(of: "limit: 100", with: "limit: 0.001")
    expectError(["tiny: the check at the end failed: energy distance"]) { _ = try run(yaml, in: folder) }
  }

  @Test(arguments: [
    ("vae", "latent: 2\ncouplings: 3", "line 10: couplings is not a setting of a vae model"),
    ("vae", "latent: 0", "latent must be 1 to 1024"), ("flow", "", "couplings is missing: a flow model has it"),
    ("gan", "latent: 2\nblur: 0.1\nlikelihood_limit: 1", "likelihood_limit needs a model with a likelihood"),
    ("score-flow", "sigma_max: 0.1\nsigma_min: 1\nsteps: 3", "sigma_max must be above sigma_min"),
    ("vae", "latent: 2\nsize: 8", "size belongs to data of pictures"), ("vea", "latent: 2", "model"),
  ])
  func wrongSettingsAreNamed(model: String, settings: String, message: String) throws {
    let folder = try ScratchFolder()
    expectError([message, "r.yaml"]) { _ = try run(generative(model, settings), in: folder) }
  }

  // MARK: - Language

  private func language(_ folder: ScratchFolder, limit: Double = 100) throws -> String {
    // Lines of few words, so that passages are alike.
    let words = ["rose", "summer", "time", "death", "sweet", "love", "eye", "gentle", "bright", "fair"]
    let lines = (0..<900).map { line in
      let chosen: [String] = (0..<6).map { place in words[(line * 7 + place * place * 3 + line / 11) % 10] }
      return chosen.joined(separator: " ") + ",\n"
    }
    try Data(lines.joined().utf8).write(to: folder.file("text.txt"))
    return """
      kind: language
      name: tiny
      text: \(folder.file("text.txt").path)
      hold_back_every: 4
      transformer: {vocab_size: 530, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 1,
        num_attention_heads: 2, max_position_embeddings: 12}
      precision: f32
      gauge_every: 10
      sample_tokens: 20
      loss_limit: \(limit)
      loop: {steps: 60, batch: 8, learning_rate: 0.01, seed: 1, log_every: 10, save_every: 60, sample_every: 30}
      """
  }

  @Test func aLanguageModelLearnsAndWrites() throws {
    let folder = try ScratchFolder()
    var notes: [String] = []
    let output = try run(
      try language(folder), in: folder, RunContext(onEvent: { if case .note(let line) = $0 { notes.append(line) } }))
    let last = try #require(notes.last)
    #expect(last.contains("nats a token on") && last.contains("ln(vocabulary) 6.273"), "\(last)")
    let log = try LossCurve.read(output)
    let losses = log.compactMap { $0.gauges?["held_back_loss"] }
    // From about ln(530) to little: ten words and two signs are all there is.
    #expect(losses.count == 6 && log[0].loss > 3 && (losses.last ?? 9) < 2.5, "\(losses)")
    let model = output.appendingPathComponent("model")
    let generator = try TextGenerator(folder: model)
    // More than the positions there are.
    let text = generator.text("rose ", tokens: 60, TokenChoice(topK: 20), seed: 3)
    #expect(text.hasPrefix("rose ") && text.utf8.count > 60)
    #expect(text == generator.text("rose ", tokens: 60, TokenChoice(topK: 20), seed: 3))
    #expect(text != generator.text("rose ", tokens: 60, TokenChoice(topK: 20), seed: 4))
    // Another network than is built here is refused by its key.
    let file = model.appendingPathComponent("config.json")
    let changed = try String(contentsOf: file, encoding: .utf8).replacingOccurrences(of: "\"silu\"", with: "\"gelu\"")
    try Data(changed.utf8).write(to: file)
    expectError(["config.json: hidden_act must be silu"]) { _ = try TextGenerator(folder: model) }
  }

  @Test func aTextThatIsTooShortIsRefused() throws {
    let folder = try ScratchFolder()
    let yaml = try language(folder)
    try Data("a few words\n".utf8).write(to: folder.file("text.txt"))
    expectError(["text.txt: is too short"]) { _ = try run(yaml, in: folder) }
  }
}
