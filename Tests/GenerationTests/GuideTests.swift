import Checkpoints
import Diffusion
import Foundation
import Generation
import ModelFiles
import Models
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Pictures that other networks pull, against runs in torch.
@Suite struct GuideTests {
  private let expected: TensorFile

  init() throws { expected = try TensorFile(fixtureURL("guides/expected.safetensors")) }

  private func classifier(_ name: String = "sd1_tiny") throws -> NoisyClassifier {
    try NoisyClassifier(fixtureURL("guides/classifier_\(name)"))
  }

  private func pipeline(_ name: String = "sd1_tiny") throws -> TextToImage {
    TextToImage(try ReferencePipelines.components(try ReferenceCase(name)), precision: .f32)
  }

  private func request(scale: Float, seeds: [UInt64] = [42], cfg: Float = 7.5, steps: Int = 6) -> GenerationRequest {
    var request = GenerationRequest(
      prompts: seeds.map { _ in "a cat on the moon" }, steps: steps, guidance: Guidance(scale: cfg), sampler: .ddim,
      seeds: seeds, width: 64, height: 64)
    request.classGuidance = ClassGuidance("dog", scale: scale)
    return request
  }

  /// Six steps under a classifier and classifier-free guidance together, of noise and of velocities.
  @Test(arguments: ["sd1_tiny", "sd2_tiny_v"]) func runsAsInTorch(name: String) throws {
    var pipeline = try pipeline(name)
    pipeline.networks.classifier = try classifier(name)
    let plain = try pipeline.generate(request(scale: 0)).latents.channelsFirstFloats()
    let guided = try pipeline.generate(request(scale: 30)).latents.channelsFirstFloats()
    let wanted = try expected.tensor("run.\(name)").floats()
    expectMatch(guided, wanted, tolerance: 1e-4, "\(name) under both")
    // The classifier has a part in it that is a hundred times what is allowed.
    let part = zip(plain, wanted).map { abs($0 - $1) }.max() ?? 0
    #expect(part > 0.01 * ((wanted.max() ?? 0) - (wanted.min() ?? 0)), "\(part)")
  }

  @Test(arguments: [SamplerName.eulerAncestral, .dpmpp2M, .heun, .pndm])
  func everySamplerIsPulled(sampler: SamplerName) throws {
    var pipeline = try pipeline()
    pipeline.networks.classifier = try classifier()
    var request = request(scale: 30, cfg: 1, steps: 3)
    request.sampler = sampler
    let guided = try pipeline.generate(request).latents
    request.classGuidance = nil
    let plain = try pipeline.generate(request).latents
    func sure(_ latents: Tensor) throws -> Float {
      let logits = try classifier().logits(latents, timesteps: [0]).softmax.floats()
      return logits[1]
    }
    #expect(guided.firstNonFinite == nil)
    #expect(try sure(guided) > sure(plain), "\(sampler)")
  }

  @Test func picturesDoNotDependOnTheirNeighbours() throws {
    var pipeline = try pipeline()
    pipeline.networks.classifier = try classifier()
    let both = try pipeline.generate(request(scale: 30, seeds: [1, 2], steps: 2)).latents
    let alone = try pipeline.generate(request(scale: 30, seeds: [2], steps: 2)).latents
    #expect(both.slice(axis: 0, from: 1, count: 1).floats() == alone.floats())
  }

  // MARK: - Contrastive

  @Test func placesOfPicturesAndTexts() throws {
    let model = try ContrastiveModel(fixtureURL("guides/contrastive"))
    let stored = try expected.tensor("contrastive.x")
    let x = Tensor(channelsFirst: stored.floats(), shape: stored.shape)
    expectMatch(
      model.embedding(ofSamples: x, timesteps: [5, 400, 900]).floats(),
      try expected.tensor("contrastive.images").floats(), tolerance: 1e-5, "pictures")
    let texts = Tensor.concatenate(["a cat", "on the moon", "a cat"].map { model.embedding(of: $0) }, axis: 0)
    expectMatch(texts.floats(), try expected.tensor("contrastive.texts").floats(), tolerance: 1e-5, "texts")
    let gradient = model.gradient(
      x.slice(axis: 0, from: 0, count: 1), timestep: 5, towards: texts.slice(axis: 0, from: 1, count: 1))
    expectMatch(
      gradient.channelsFirstFloats(), try expected.tensor("contrastive.gradient").floats(), tolerance: 2e-4, "gradient")
  }

  @Test func wordsPullPictures() throws {
    var pipeline = try pipeline()
    let model = try ContrastiveModel(fixtureURL("guides/contrastive"))
    pipeline.networks.contrastive = model
    var request = request(scale: 0, cfg: 1, steps: 4)
    request.classGuidance = nil
    let plain = try pipeline.generate(request).latents
    request.guideScale = 20
    let guided = try pipeline.generate(request).latents
    func cosine(_ latents: Tensor) -> Float {
      (model.embedding(ofSamples: latents, timesteps: [0]) * model.embedding(of: "a cat on the moon")).sum().scalar
    }
    #expect(cosine(guided) > cosine(plain) + 0.01)
    // Brackets weigh words for the text encoder; they are no words.
    request.prompts = ["a (cat) on the moon"]
    request.guidance = Guidance(scale: 1)
    request.emphasis = .ignore
    #expect(try pipeline.generate(request).latents.floats() == guided.floats())
  }

  // MARK: - What is refused

  private func refusal(_ change: (inout TextToImage, inout GenerationRequest) throws -> Void) throws -> String {
    var (pipeline, request) = (try pipeline(), request(scale: 1, steps: 1))
    pipeline.networks.classifier = try classifier()
    try change(&pipeline, &request)
    do {
      _ = try pipeline.generate(request)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func aClassItDoesNotKnow() throws {
    let line = try refusal { $1.classGuidance?.className = "car" }
    #expect(line == "--class car: classifier_sd1_tiny knows cat, dog, red car")
  }

  @Test(arguments: [Float.infinity, .nan, -1]) func aStrengthThatIsNone(scale: Float) throws {
    let line = try refusal { $1.classGuidance?.scale = scale }
    #expect(line.hasPrefix("--classifier-scale \(scale): must be"))
  }

  private func changed(_ change: (inout GuideFolder.Index) -> Void, dropping scheduler: Bool = false) throws -> String {
    let scratch = try ScratchPipeline("sd1_tiny")
    let folder = scratch.file("classifier")
    try FileManager.default.copyItem(at: fixtureURL("guides/classifier_sd1_tiny"), to: folder)
    let file = folder.appendingPathComponent("guide.json")
    var index = try ModelFolder.decode(GuideFolder.Index.self, from: file)
    change(&index)
    try ModelFolder.writeJSON(index, className: nil, to: file)
    if scheduler { try FileManager.default.removeItem(at: folder.appendingPathComponent("scheduler")) }
    return try refusal { pipeline, _ in pipeline.networks.classifier = try NoisyClassifier(folder) }
  }

  @Test func samplesOfAnotherKind() throws {
    #expect(try changed { $0.space.scalingFactor = 0.13025 }.contains("was made for other samples than sd1_tiny's"))
    #expect(try changed { $0.space.downscale = 8 }.contains("latents of 4 channels, 8 pixels each"))
    #expect(try changed({ _ in }, dropping: true).contains("knows clean samples alone"))
    let line = try refusal { pipeline, _ in pipeline.networks.classifier = try classifier("sd2_tiny_v") }
    #expect(line.contains("no error") || line.contains("another noise schedule"))
  }

  @Test func anotherNoiseSchedule() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let folder = scratch.file("classifier")
    try FileManager.default.copyItem(at: fixtureURL("guides/classifier_sd1_tiny"), to: folder)
    let text = #"{"_class_name": "DDPMScheduler", "beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02}"#
    try Data(text.utf8).write(to: folder.appendingPathComponent("scheduler/scheduler_config.json"))
    let line = try refusal { pipeline, _ in pipeline.networks.classifier = try NoisyClassifier(folder) }
    #expect(line.contains("was trained on another noise schedule than sd1_tiny"))
  }

  private func loading(_ change: (URL) throws -> Void) throws -> String {
    let scratch = try ScratchPipeline("sd1_tiny")
    let folder = scratch.file("classifier")
    try FileManager.default.copyItem(at: fixtureURL("guides/classifier_sd1_tiny"), to: folder)
    try change(folder)
    do {
      _ = try NoisyClassifier(folder)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func foldersThatAreNoClassifiers() throws {
    func index(_ old: String, _ new: String) throws -> String {
      try loading { folder in
        let file = folder.appendingPathComponent("guide.json")
        let text = try String(contentsOf: file, encoding: .utf8).replacing(old, with: new)
        try Data(text.utf8).write(to: file)
      }
    }
    let without = try loading { try FileManager.default.removeItem(at: $0.appendingPathComponent("guide.json")) }
    #expect(without.contains("has no guide.json"))
    #expect(try index("NoisyClassifier", "NoisyContrastiveModel").contains("give it with --guide"))
    #expect(try index("\"samples\"", "\"sampels\"").contains("sampels is a setting this version does not know"))
    #expect(try index("\"dog\",", "").contains("names 2 classes"))
    let other = try loading { folder in
      let file = folder.appendingPathComponent("encoder/config.json")
      let text = try String(contentsOf: file, encoding: .utf8)
        .replacing("\"projection_dim\": 3", with: "\"projection_dim\": 5")
      try Data(text.utf8).write(to: file)
    }
    #expect(other.contains("its network has 5"))
  }

  // MARK: - A model on pixels that is told classes

  private func classes() throws -> UnconditionalImages {
    try UnconditionalImages(folder: fixtureURL("guides/classes"), precision: .f32)
  }

  @Test func guidanceByClasses() throws {
    let model = try classes()
    #expect(model.classes == ["sneaker", "bag", "coat"] && model.noClass == 3)
    func draw(_ scale: Float, _ classes: [Int] = [2]) throws -> [Float] {
      try model.generate(
        seeds: classes.indices.map(UInt64.init), steps: 3, sampler: .ddim,
        wish: ClassWish(classes, guidance: Guidance(scale: scale))
      ).floats()
    }
    let nothing = try model.generate(seeds: [0], steps: 3, sampler: .ddim).floats()
    #expect(try draw(0) == nothing)
    #expect(try draw(1) != nothing && draw(3) != draw(1))
    // One step from the same noise: guidance is linear in its scale.
    var config = model.scheduler
    config.clipSample = false
    let free = UnconditionalImages(network: model.network, scheduler: config, precision: .f32, classes: model.classes)
    func unclipped(_ scale: Float) throws -> [Float] {
      try free.generate(seeds: [5], steps: 1, sampler: .ddim, wish: ClassWish([1], guidance: Guidance(scale: scale)))
        .floats()
    }
    let (u, c) = (try unclipped(0), try unclipped(1))
    expectMatch(try unclipped(4), zip(u, c).map { $0 + 4 * ($1 - $0) }, tolerance: 1e-5, "linear in the scale")
    // A picture of a batch is the one drawn alone, but for the order of sums.
    let pair = try draw(2, [0, 2])
    expectMatch(Array(pair[..<(pair.count / 2)]), try draw(2, [0]), tolerance: 1e-5, "of a batch")
  }

  @Test func classesThatAreNot() throws {
    let model = try classes()
    #expect {
      _ = try model.index(of: "boot", classifier: nil)
    } throws: { "\($0)" == "--class boot: the model knows sneaker, bag, coat" }
    let wish = ClassWish([0], classifier: try classifier())
    #expect {
      _ = try model.generate(seeds: [0], steps: 1, wish: wish)
    } throws: { "\($0)".contains("was made for other samples than the model's") }
  }
}
