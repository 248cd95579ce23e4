import Checkpoints
import Diffusion
import Foundation
import Generation
import Images
import ModelFiles
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing
import Tokenizers
import Training

/// Recipes of networks that look at noisy samples, and of models that are told classes.
@Suite struct GuideRecipeTests {
  private let scratch: ScratchFolder
  private var folder: URL { scratch.url }

  init() throws { scratch = try ScratchFolder() }

  /// 32 pictures of 8 × 8: red ones and green ones, of many brightnesses.
  private func pictures() throws {
    try ColouredPictures.write(32, least: 150, to: folder.appendingPathComponent("pictures"))
  }

  @discardableResult
  private func run(_ yaml: String, to output: String) throws -> [String] {
    let file = folder.appendingPathComponent("\(output).yaml")
    try Data(yaml.utf8).write(to: file)
    var notes: [String] = []
    try Recipes.read(file).run(
      in: folder.appendingPathComponent(output),
      RunContext(onEvent: { if case .note(let line) = $0 { notes.append(line) } }))
    return notes
  }

  private var data: String { "data: {kind: folder, path: \(folder.path)/pictures}" }
  private let encoder = """
    encoder: {block_out_channels: [8, 16], down_block_types: [DownBlock2D, AttnDownBlock2D], layers_per_block: 1,
      attention_head_dim: 8, norm_num_groups: 4, projection_dim: 8}
    """
  private let scheduler = """
    scheduler: {_class_name: DDPMScheduler, num_train_timesteps: 100, beta_schedule: linear, beta_start: 0.001, beta_end: 0.1}
    """

  private func classifier(_ more: String = "", steps: Int = 60) -> String {
    """
    kind: classifier
    name: tiny
    \(data)
    size: 8
    classes: [red, green]
    \(encoder)
    \(more)
    precision: f32
    validation: 8
    accuracy_limit: 0.9
    loop: {steps: \(steps), batch: 8, learning_rate: 0.01, seed: 3}
    """
  }

  @Test func classifierOfNoisyPictures() throws {
    try pictures()
    let notes = try run(classifier(scheduler), to: "run")
    #expect(notes.last?.contains("right of 8: t 0 100.0 %") == true, "\(notes)")
    let made = try NoisyClassifier(folder.appendingPathComponent("run/classifier"))
    #expect(made.classes == ["red", "green"] && made.space == .pixels && made.scheduler?.trainSteps == 100)
    #expect(made.network.config.projectionDim == 2 && made.network.config.sampleSize == 8)
    // A picture that goes along the gradient becomes greener for the network.
    var random = TestRandom(seed: 1)
    let picture = random.tensor([1, 8, 8, 3])
    let gradient = made.gradient(picture, timestep: 5, classes: [1])
    let step = gradient * (0.1 / Float(gradient.sumOfSquares.squareRoot()))
    let (before, after) = (made.logits(picture, timesteps: [5]), made.logits(picture + step, timesteps: [5]))
    #expect(after.softmax.floats()[1] > before.softmax.floats()[1])
  }

  @Test func aJudgeOfCleanPictures() throws {
    try pictures()
    try run(classifier(), to: "run")
    #expect(try NoisyClassifier(folder.appendingPathComponent("run/classifier")).scheduler == nil)
  }

  @Test func aClassifierThatLearntNothingFailsItsCheck() throws {
    try pictures()
    #expect {
      // All captions name the first class.
      try run(classifier(steps: 1).replacing("classes: [red, green]", with: "classes: [green, red]"), to: "run")
    } throws: { "\($0)".contains("the check at the end failed: it tells") }
  }

  @Test func aCaptionWithoutAClass() throws {
    try pictures()
    #expect {
      try run(classifier().replacing("[red, green]", with: "[red, blue]"), to: "run")
    } throws: { "\($0)".contains("the caption \"a green square\" names none of them: red, blue") }
  }

  @Test(arguments: [
    ("classes: [red, green]", "classes: [red]", "classes must be 2 to 10000 names"),
    ("classes: [red, green]", "classes: [red, red]", "classes names one twice"),
    ("classes: [red, green]", "classes: [red, green|red]", "classes names one twice"),
    ("classes: [red, green]", "classes: [red, green|]", "classes has an empty name"),
    ("size: 8", "size: 8\ncache: c.safetensors", "cache belongs to an autoencoder"),
    ("size: 8", "size: 8\nautoencoder: vae", "cache is missing"),
    ("validation: 8", "validation: 0", "validation must be 1"),
    ("validation: 8", "validation: 8\ntimestep_sampling: {kind: uniform}", "timestep_sampling needs a scheduler"),
    ("encoder: {", "encoder: {in_channels: 4, ", "encoder.in_channels must be 3"),
  ])
  func settingsThatCannotBe(old: String, new: String, reason: String) throws {
    #expect {
      try run(classifier().replacing(old, with: new), to: "run")
    } throws: { "\($0)".contains(reason) }
  }

  /// Half of a batch's pairs have the same caption; the other half is pushed apart.
  @Test func contrastiveModel() throws {
    try pictures()
    let tokenizer = fixtureURL("guides/contrastive/tokenizer").path
    let notes = try run(
      """
      kind: contrastive
      name: tiny
      \(data)
      size: 8
      \(encoder)
      text_encoder: {hidden_size: 8, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2,
        max_position_embeddings: 20, hidden_act: gelu}
      tokenizer: \(tokenizer)
      \(scheduler)
      precision: f32
      validation: 8
      recall_limit: 0.9
      loop: {steps: 60, batch: 8, learning_rate: 0.01, seed: 3}
      """, to: "run")
    #expect(notes.last?.contains("captions found of 8, among 64: t 0 100.0 %") == true, "\(notes)")
    let made = try ContrastiveModel(folder.appendingPathComponent("run/contrastive"))
    let (red, green) = (made.embedding(of: "a red square"), made.embedding(of: "a green square"))
    var pixels = Tensor.zeros([1, 8, 8, 3])
    pixels = pixels + Tensor([0.8, -0.6, -0.6] as [Float], shape: [1, 1, 1, 3])
    let seen = made.embedding(ofSamples: pixels, timesteps: [0])
    #expect((seen * red).sum().scalar > (seen * green).sum().scalar + 0.2)
  }

  @Test func contrastiveLossIsTorchs() throws {
    let expected = try TensorFile(fixtureURL("guides/expected.safetensors"))
    let place = fixtureURL("guides/contrastive")
    func part(_ name: String) -> ModelFolder { ModelFolder(place.appendingPathComponent(name)) }
    let imageConfig = try part("image_encoder").decode(EncoderUNet2DConfig.self)
    func makeImage(_ path: ParameterPath, _ keys: [String]) -> EncoderUNet2DModel {
      EncoderUNet2DModel(path, imageConfig)
    }
    let image = try part("image_encoder").load(isTrainable: { _ in true }, makeImage)
    let textConfig = try part("text_encoder").decode(CLIPTextConfig.self)
    func makeText(_ path: ParameterPath, _ keys: [String]) -> CLIPTextModel {
      CLIPTextModel(path, textConfig, prefixed: CLIPTextModel.isPrefixed(keys))
    }
    let text = try part("text_encoder").load(isTrainable: { _ in true }, makeText)
    let objective = ContrastiveObjective(
      image: image.model, text: text.model, tokenizer: try CLIPTokenizer(directory: part("tokenizer").url),
      temperature: Parameter(name: "logit_scale", value: .zeros([1]), isTrainable: true),
      noising: SampleNoising(prediction: nil, dtype: .f32), groups: [])
    let stored = try expected.tensor("contrastive.x")
    let x = Tensor(channelsFirst: stored.floats(), shape: stored.shape)
    let captions = ["a cat", "on the moon", "a cat"]
    let (loss, gradients) = valueAndGradients {
      objective.loss(ofSimilarities: objective.similarities(x, timesteps: [5, 400, 900], captions), captions)
    }
    expectClose([loss.scalar], try expected.tensor("contrastive.loss").floats(), rtol: 1e-4, "loss")
    var compared = 0
    for (prefix, parameters) in [("image", image.parameters), ("text", text.parameters)] {
      for parameter in parameters {
        let wanted = try expected.tensor("contrastive.grad.\(prefix).\(parameter.name)").floats()
        guard let largest = wanted.map(abs).max(), largest > 1e-4 else { continue }
        expectMatch(
          try #require(gradients[parameter], "\(parameter.name)").floats(), wanted, tolerance: 1e-3, parameter.name)
        compared += 1
      }
    }
    #expect(compared > 70, "\(compared)")
  }

  @Test func modelThatIsToldClasses() throws {
    try pictures()
    try run(
      """
      kind: class-conditional
      name: tiny
      \(data)
      classes: [red, green]
      class_dropout: 0.2
      mirror: true
      unet: {sample_size: 8, block_out_channels: [8, 16], layers_per_block: 1, down_block_types: [DownBlock2D,
        AttnDownBlock2D], up_block_types: [AttnUpBlock2D, UpBlock2D], norm_num_groups: 4}
      \(scheduler)
      precision: f32
      samples_per_class: 2
      sample_steps: 5
      sample_guidance: 1.5
      loss_limit: 0.4
      loop: {steps: 150, batch: 8, learning_rate: 0.01, seed: 3, sample_every: 100}
      """, to: "run")
    #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("run/samples-150.png").path))
    let model = try UnconditionalImages(folder: folder.appendingPathComponent("run/model"), precision: .f32)
    #expect(model.classes == ["red", "green"] && model.noClass == 2)
    let pixels = try model.generate(
      seeds: [1, 1], steps: 10, sampler: .ddim, wish: ClassWish([0, 1], guidance: Guidance(scale: 1.5)))
    let means = pixels.mean(axes: [1, 2]).floats()
    // From the same noise, the first is the redder one.
    #expect(means[0] - means[1] > means[3] - means[4] + 0.1, "\(means)")
  }

  // MARK: - Classes and published pictures

  @Test func classesInCaptions() throws {
    let classes = CaptionClasses(["boot", "ankle boot", "hot-dog", "dog", "bus|buses|omnibus"])
    #expect(classes.names == ["boot", "ankle boot", "hot-dog", "dog", "bus"])
    #expect(
      try ["two Buses", "dogs", "an omnibus and a dog", "ankle boots"].map { try classes.index(of: $0) } == [
        4, 3, 4, 1,
      ])
    #expect(try classes.index(of: "ankle boot") == 1)
    #expect(try classes.index(of: "an Ankle boot, left of a boot") == 1)
    #expect(try classes.index(of: "a hot-dog beside a dog") == 2)
    #expect(try classes.index(of: "two dog sleds and a boot") == 3)
    #expect { try classes.index(of: "dogged") } throws: { "\($0)".contains("names none of them") }
  }

  private func unconditional(_ path: String, side: Int) -> String {
    """
    kind: unconditional
    name: tiny
    data: {kind: published, path: \(path), fetch: put the archive of cifar-10 there}
    unet: {sample_size: \(side), block_out_channels: [8, 8], layers_per_block: 1, down_block_types: [DownBlock2D, DownBlock2D],
      up_block_types: [UpBlock2D, UpBlock2D], norm_num_groups: 4}
    scheduler: {_class_name: DDPMScheduler}
    precision: f32
    sample_count: 1
    sample_steps: 2
    loss_limit: 100
    loop: {steps: 2, batch: 2, learning_rate: 0.001, seed: 3}
    """
  }

  /// A folder of CIFAR-10's binary files: records of a label and three planes of 32 × 32 bytes.
  @Test func cifarAsItIsPublished() throws {
    let place = folder.appendingPathComponent("cifar-10-batches-bin")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    var bytes = Data()
    for record in 0..<4 {
      bytes.append(UInt8(record))
      for plane in 0..<3 { bytes.append(Data(repeating: UInt8(50 * record + plane), count: 1024)) }
    }
    try bytes.write(to: place.appendingPathComponent("data_batch_1.bin"))
    let notes = try run(unconditional(place.path, side: 32), to: "run")
    #expect(notes.contains { $0.contains("4 pictures") }, "\(notes)")
    #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("run/model/unet").path))
  }

  @Test func whatIsNotThereIsSaidInOneLine() throws {
    let path = folder.appendingPathComponent("cifar.tar.gz").path
    #expect {
      try run(unconditional(path, side: 32), to: "run")
    } throws: { "\($0)" == "\(path): is not there: put the archive of cifar-10 there" }
  }

  /// What only says where data comes from decides nothing: a run goes on with another line.
  @Test func fetchDecidesNothing() throws {
    try pictures()
    try run(classifier(), to: "run")
    let notes = try run(
      classifier().replacing("\(folder.path)/pictures}", with: "\(folder.path)/pictures, fetch: elsewhere}"), to: "run")
    #expect(notes.contains { $0.contains("resumed at step 60") }, "\(notes)")
  }
}
