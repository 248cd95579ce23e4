import Checkpoints
import Diffusion
import Foundation
import Generation
import ModelFiles
import Models
import PipelineSupport
import ReferenceSupport
import SafeTensors
import TensorCore
import TestSupport
import Testing

/// Whole models on continuous noise levels, with latents freed of mean and deviation (Playground 2.5), and CosXL.
@Suite struct EDMPipelineTests {
  private static let mean: [Float] = [-1.6574, 1.886, -1.383, 2.5155]
  private static let deviation: [Float] = [8.4927, 5.9022, 6.5498, 5.2299]

  private static func setValues(_ values: [String: Any], in file: URL, removing all: Bool = false) throws {
    let old = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] ?? [:]
    let object = all ? values : old.merging(values) { _, new in new }
    try JSONSerialization.data(withJSONObject: object).write(to: file)
  }

  /// The small SDXL as Playground 2.5 says it in its folder.
  private func playground() throws -> ScratchPipeline {
    let scratch = try ScratchPipeline("sdxl_tiny")
    try Self.setValues(
      ["_class_name": "EDMDPMSolverMultistepScheduler"],
      in: scratch.model.appendingPathComponent("scheduler/scheduler_config.json"), removing: true)
    try Self.setValues(
      [
        "latents_mean": Self.mean.map(Double.init), "latents_std": Self.deviation.map(Double.init),
        "scaling_factor": 0.5,
      ],
      in: scratch.model.appendingPathComponent("vae/config.json"))
    return scratch
  }

  private func request(_ components: PipelineComponents) throws -> GenerationRequest {
    GenerationRequest(
      prompts: ["a cat on the moon"], steps: 4, guidance: Guidance(scale: 3),
      sampler: try #require(SamplerName(components.scheduler)), seeds: [11], stream: .torchBatch, width: 32, height: 32)
  }

  private func expectStored(_ url: URL, _ what: String) throws {
    let stored = try TensorFile(fixtureURL("edm/pipeline.safetensors"))
    let pipeline = TextToImage(try PipelineComponents(folder: url), precision: .f32)
    let batch = try pipeline.generate(try request(pipeline.components))
    let all = try stored.tensor("latents").floats()
    expectMatch(
      batch.latents.channelsFirstFloats(), Array(all.suffix(batch.latents.count)), tolerance: 1e-4, "\(what), latents")
    expectMatch(
      ImageTensor.unitValues(batch.pixels)[0], try stored.tensor("image").floats(), tolerance: 1e-4, "\(what), image")
  }

  @Test func folderAgainstDiffusers() throws {
    let scratch = try playground()
    defer { withExtendedLifetime(scratch) {} }
    try expectStored(scratch.model, "folder")
  }

  /// A conversion keeps what the folder says, and writes the keys the published file has, which say the same.
  @Test(arguments: [true, false]) func singleFileAgainstDiffusers(keepsConfigurations: Bool) throws {
    let scratch = try playground()
    defer { withExtendedLifetime(scratch) {} }
    let url = try scratch.single()
    let file = try TensorFile(url)
    #expect(try file.tensor("edm_mean").floats() == Self.mean && file.tensor("edm_std").floats() == Self.deviation)
    if !keepsConfigurations {
      // 4 heads are the small model's; a published one has heads of width 64.
      let files = try PipelineFiles(url)
      try scratch.rewrite(url, metadata: ["format": "pt"]) { _ in }
      let published = try PipelineFiles(url).configurations
      #expect(published.scheduler.edm == files.configurations.scheduler.edm)
      #expect(published.scheduler.className == "EDMDPMSolverMultistepScheduler")
      #expect(published.scheduler.predictionType == .epsilon)
      #expect(published.autoencoder.latentsMean == Self.mean && published.autoencoder.latentsStd == Self.deviation)
      #expect(published.autoencoder.scalingFactor == 0.5)
      return
    }
    try expectStored(url, "single file")
  }

  @Test func encodingTurnsDecodingBack() throws {
    let scratch = try playground()
    defer { withExtendedLifetime(scratch) {} }
    let components = try PipelineComponents(folder: scratch.model)
    let codec = LatentCodec(components.autoencoder, precision: .f32)
    let latents = Tensor([0.5, -0.5, 1, 2], shape: [1, 1, 1, 4])
    let unscaled = zip(zip(latents.floats(), Self.deviation), Self.mean).map { $0.0 * $0.1 / 0.5 + $1 }
    expectClose(
      codec.scaled(Tensor(unscaled, shape: [1, 1, 1, 4])).floats(), latents.floats(), atol: 1e-5, "scaled latents")
  }

  @Test func cosXL() throws {
    let scratch = try ScratchPipeline("sdxl_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url, metadata: ["format": "pt"]) {
      $0["edm_vpred.sigma_max"] = RawTensor(Tensor([Float(110)], shape: []))
    }
    let scheduler = try PipelineFiles(url).configurations.scheduler
    #expect(scheduler.edm == EDMSettings(sigmaMax: 110, sigmaData: 1, isExponential: true))
    #expect(scheduler.predictionType == .velocity && SamplerName(scheduler) == .euler)
    let plan = try SamplerName.euler.make(scheduler, eta: 0).plan(steps: 4)
    #expect(abs(plan.sigmas[0] - 110) < 1e-4 && abs(plan.sigmas[3] - 0.002) < 1e-6)
    // Written again, and read by others, it says the same.
    _ = try ModelWriter(try PipelineFiles(url)).write(to: scratch.file("again.safetensors"), as: .single)
    #expect(try PipelineFiles(scratch.file("again.safetensors")).configurations.scheduler == scheduler)
  }

  @Test(arguments: [
    (["edm_mean": [Float](repeating: 0, count: 4)], "without its partner"),
    (["edm_mean": [0, 0, 0], "edm_std": [1, 1, 1]], "4 numbers are expected"),
    (["edm_mean": [0, 0, 0, 0], "edm_std": [1, 1, 0, 1]], "above 0"),
    (["edm_mean": [0, 0, .nan, 0], "edm_std": [1, 1, 1, 1]], "no numbers"),
    (["edm_vpred.sigma_max": [-1]], "sigma_max"), (["edm_vpred.sigma_max": [.infinity]], "no numbers"),
    (["edm_vpred.sigma_max": [1, 2]], "1 numbers are expected"),
    (["ztsnr": []], "--prediction v_prediction"),
  ])
  func badMarks(marks: [String: [Float]], reason: String) throws {
    let scratch = try ScratchPipeline("sdxl_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url, metadata: ["format": "pt"]) { tensors in
      for (key, values) in marks { tensors[key] = RawTensor(Tensor(values, shape: [values.count])) }
    }
    expectError([url.path, reason]) { _ = try PipelineFiles(url) }
  }

  /// A schedule without signal at its end goes with velocities; asked for noise, the schedule is taken without that.
  @Test func zeroTerminalSNRMark() throws {
    let scratch = try ScratchPipeline("sdxl_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url, metadata: ["format": "pt"]) { $0["ztsnr"] = RawTensor(Tensor([Float](), shape: [0])) }
    for prediction in [PredictionType.velocity, .epsilon] {
      var options = PipelineFileOptions()
      options.predictionType = prediction
      let files = try PipelineFiles(url, options: options)
      #expect(files.configurations.scheduler.rescaleBetasZeroSNR == (prediction == .velocity))
      let pipeline = TextToImage(try PipelineComponents(files), precision: .f32)
      let made = try pipeline.generate(try request(pipeline.components))
      #expect(made.pixels.firstNonFinite == nil)
    }
  }

  /// The file of an autoencoder does not say how latents are scaled; the folder it is for does.
  @Test func anotherAutoencodersFile() throws {
    let scratch = try playground()
    defer { withExtendedLifetime(scratch) {} }
    var options = PipelineFileOptions()
    options.vae = scratch.model.appendingPathComponent("vae/diffusion_pytorch_model.safetensors")
    let autoencoder = try PipelineFiles(scratch.model, options: options).configurations.autoencoder
    #expect(autoencoder.scalingFactor == 0.5 && autoencoder.latentsMean == Self.mean)
  }

  @Test func tinyAutoencoderDoesNotKnowThem() throws {
    var options = PipelineFileOptions()
    options.vae = fixtureURL("reference/taesd_shape")
    let scratch = try playground()
    defer { withExtendedLifetime(scratch) {} }
    expectError(["latents_mean", "--vae"]) { _ = try PipelineFiles(scratch.model, options: options) }
  }
}
