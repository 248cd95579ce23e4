import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import Jobs
import Lessons
import Models
import NN
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing
import Training

/// A model that learns to fill holes: its first layer, its masks, its loss, and whole runs on sd1_tiny.
@Suite struct InpaintingTests {
  init() { LessonKinds.register() }

  private func recipe(_ scratch: ScratchPipeline, _ change: (inout String) -> Void = { _ in }) throws -> String {
    let folder = try LessonPictures.write(to: scratch)
    var yaml = """
      kind: inpainting
      name: tiny
      start_from: \(scratch.model.path)
      data: {kind: folder, path: \(folder.path)}
      cache: \(scratch.file("latents").path)
      masks: {figures: 0.5, whole: 0.1, seed: 1}
      held_back: 2
      precision: f32
      caption_dropout: 0.1
      input_rate: 2
      measure_every: 2
      sample_steps: 2
      sample_guidance: 2
      context_limit: 100
      loop: {steps: 4, batch: 2, learning_rate: 0.001, seed: 3, log_every: 1, save_every: 2, sample_every: 9}
      """
    change(&yaml)
    return yaml
  }

  private func run(_ yaml: String, _ scratch: ScratchPipeline, _ output: String, _ context: RunContext = RunContext())
    throws
  {
    let file = scratch.file("recipe.yaml")
    try Data(yaml.utf8).write(to: file)
    try Recipes.read(file).run(in: scratch.file(output), context)
  }

  private func loaded(_ model: URL) throws -> LoadedPipeline {
    var job = PictureJob()
    (job.model, job.precision) = (model.path, .f32)
    return try LoadedPipeline(ModelChoice(job))
  }

  /// Further channels change nothing at first, whatever stands in them.
  @Test func widenedInputsStartWithoutEffect() throws {
    let reference = try ReferenceCase("sd1_tiny")
    let plain = try reference.conditionalUNet()
    var config = plain.config
    config.inChannels = LatentContext.inpaintingChannels(latent: 4)
    #expect(config.inChannels == 9)
    func build(_ path: ParameterPath, _ keys: [String]) -> UNet2DConditionModel { UNet2DConditionModel(path, config) }
    let folder = ModelFolder(reference.url.appendingPathComponent("unet"))
    let wide = try folder.load(adapt: { WidenedInput($0, channels: 9) }, build).model
    var random = (0..<2).map { ExampleRandom(seed: 1, example: $0, epoch: 0) }
    let (x, further) = (random.normal(like: [2, 8, 8, 4]), random.normal(like: [2, 8, 8, 5]))
    let told = NetworkConditioning(context: random.normal(like: [2, 7, config.crossAttentionDim]))
    expectClose(
      wide(.concatenate([x, further], axis: 3), timesteps: [10, 700], told), plain(x, timesteps: [10, 700], told),
      atol: 1e-4)
  }

  /// The loss with further channels is the one of a network that is shown them behind the noisy ones.
  @Test func theLossIsANaiveOne() throws {
    let reference = try ReferenceCase("inpaint_tiny_9ch")
    let network = try reference.conditionalUNet()
    let texts = try TextRows(try ReferencePipelines.components(try ReferenceCase("sd1_tiny")).text)
    let schedule = SchedulerConfig().schedule
    let objective = LatentObjective(
      network: network, texts: texts, prediction: NoisePrediction(schedule, dtype: .f32), groups: [])
    func fresh() -> [ExampleRandom] { (0..<2).map { ExampleRandom(seed: 4, example: $0, epoch: 0) } }
    var other = (0..<2).map { ExampleRandom(seed: 8, example: $0, epoch: 0) }
    let rows = ["a cat", ""].map { texts.tokens($0)[0] }
    var batch = LatentBatch(latents: other.normal(like: [2, 8, 8, 4]), text: .tokens([rows]))
    let further = other.normal(like: [2, 8, 8, 5])
    batch.joined = further
    var random = fresh()
    let loss = try objective.loss(batch, timesteps: [20, 800], random: &random)

    random = fresh()
    let noise = random.normal(like: [2, 8, 8, 4]).floats()
    let clean = batch.latents.floats()
    var seen: [Float] = []
    for pixel in 0..<128 {
      let bar = schedule.alphasCumprod[pixel < 64 ? 20 : 800]
      for channel in 0..<4 {
        let at = pixel * 4 + channel
        seen.append(bar.squareRoot() * clean[at] + (1 - bar).squareRoot() * noise[at])
      }
      seen += further.floats()[pixel * 5..<pixel * 5 + 5]
    }
    let output = network(
      Tensor(seen, shape: [2, 8, 8, 9]), timesteps: [20, 800], try texts.encode([rows], dtype: .f32)
    ).floats()
    let wanted = zip(output, noise).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / Double(noise.count)
    #expect(abs(Double(loss.scalar) - wanted) < 1e-4 * wanted)
  }

  @Test func masksCoverFiguresAndBelongToTheirPictures() {
    let masks = TrainingMasks(figures: 0.6, whole: 0.2, seed: 3)
    let box = SIMD4<Float>(0.25, 0.5, 0.25, 0.125)
    var (whole, around, other) = (0, 0, 0)
    for index in 0..<400 {
      let mask = masks.mask(index, side: 64, figure: box)
      #expect(mask == masks.mask(index, side: 64, figure: box))
      let open = (0..<64 * 64).filter { mask.isRepainted($0) }
      #expect(!open.isEmpty)
      let covers = (33..<39).allSatisfy { y in (17..<31).allSatisfy { mask.isRepainted(y * 64 + $0) } }
      if open.count == 64 * 64 {
        whole += 1
      } else if covers, let region = mask.region, region.width <= 34, region.height <= 26 {
        around += 1
      } else {
        other += 1
      }
    }
    #expect((50...110).contains(whole) && (200...280).contains(around) && (40...120).contains(other))
    #expect(
      masks.mask(0, side: 64, figure: box)
        != TrainingMasks(figures: 0.6, whole: 0.2, seed: 4).mask(0, side: 64, figure: box))
  }

  @Test func whatIsWrittenFillsHolesAndKeepsTheRest() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    var notes: [String] = []
    try run(
      recipe(scratch), scratch, "whole", RunContext(onEvent: { if case .note(let line) = $0 { notes.append(line) } }))
    #expect(notes.contains { $0.hasPrefix("4 steps of 2 examples, about") })
    #expect(notes.contains("tiny: 0 pixels outside the holes of 2 pictures changed"))
    let log = TrainingLog.entries(of: scratch.file("whole"))
    #expect(
      log.map { $0.gauges?.keys.sorted() } == [
        nil, ["held_back_blind_loss", "held_back_loss"], nil, ["held_back_blind_loss", "held_back_loss"],
      ])

    let model = try loaded(scratch.file("whole/model"))
    #expect(model.components.kind == .inpainting && model.components.network.config.inChannels == 9)
    let side = LessonPictures.side
    let picture = TestPictures.noise(width: side, height: side, seed: 77)
    let mask = TestPictures.mask(width: side, height: side, x: 8..<20, y: 4..<16)
    let canvas = try EditCanvas(picture, mask: Mask(mask), multiple: model.components.sizeMultiple, defaultSize: side)
    func filled(_ picture: EditCanvas) throws -> [UInt8] {
      let request = GenerationRequest(
        prompts: ["a cat"], steps: 2, guidance: Guidance(scale: 2), sampler: .ddim, seeds: [1], width: side,
        height: side)
      let made = try ImageToImage(model.components, precision: .f32).generate(
        ImageToImageRequest(request, canvas: picture, strength: 1))
      return ImageTensor.images(made.pixels)[0].pixels
    }
    let made = try filled(canvas)
    var changed = 0
    for pixel in 0..<side * side where made[pixel * 3..<pixel * 3 + 3] != picture.pixels[pixel * 3..<pixel * 3 + 3] {
      #expect(mask.pixels[pixel] == 255, "pixel \(pixel) was to be kept")
      changed += 1
    }
    #expect(changed > 125)
    // Of what was in the hole nothing is left: another picture with the same surroundings is filled alike.
    var other = picture
    for pixel in 0..<side * side where mask.pixels[pixel] == 255 { other.pixels[pixel * 3] ^= 0x7f }
    #expect(try filled(EditCanvas(other, mask: Mask(mask), multiple: 8, defaultSize: side)) == made)
  }

  @Test func aStoppedRunGoesOnToTheSameBits() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let yaml = try recipe(scratch)
    try run(yaml, scratch, "whole")
    var steps = 0
    try run(
      yaml, scratch, "parts", RunContext(onEvent: { if case .step = $0 { steps += 1 } }, shouldStop: { steps >= 3 }))
    #expect(steps == 3)
    try run(yaml, scratch, "parts")
    for name in ["state.safetensors", "model/unet/diffusion_pytorch_model.safetensors"] {
      let files = try ["whole", "parts"].map { try Data(contentsOf: scratch.file("\($0)/\(name)")) }
      #expect(files[0] == files[1], "\(name)")
    }
    // Other masks are other latents.
    expectError(["latents were made from something else: masks.seed was 1"]) {
      try run(yaml.replacingOccurrences(of: "whole: 0.1, seed: 1", with: "whole: 0.1, seed: 2"), scratch, "other")
    }
  }

  @Test(arguments: [
    ("held_back: 2", "held_backs: 2\nheld_back: 2", "held_backs is not a setting of inpainting recipes"),
    ("whole: 0.1", "whole: 0.1, shape: round", "masks.shape is not a setting of inpainting recipes"),
    ("figures: 0.5", "figures: 0.95", "masks.whole must be 0 or more, with figures at most 1"),
    ("measure_every: 2", "measure_every: 0", "measure_every must be a multiple of loop.log_every 1"),
    ("context_limit: 100", "context_limit: 100\njudge: {learnt: 4, drawn: 2}", "judge needs scenes"),
    ("input_rate: 2", "input_rate: 0", "input_rate must be 0.01 to 100"),
    ("held_back: 2", "held_back: 6", "held_back: 6 of 6 pictures leave none to learn"),
    ("context_limit: 100", "context_limit: 0.0001", "the check at the end failed"),
  ])
  func whatIsWrongIsNamed(old: String, new: String, message: String) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let yaml = try recipe(scratch) { $0 = $0.replacingOccurrences(of: old, with: new) }
    expectError([message]) { try run(yaml, scratch, "run") }
  }
}
