import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import ModelFiles
import Models
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// A network of another kind than the U-Nets, from its folder to pictures: `Fixtures/dit` with a scheduler and an index.
@Suite struct DiTPipelineTests {
  private static let scheduler =
    #"{"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 1.0}"#

  private func write(_ text: String, _ url: URL) throws {
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// A `DiTPipeline` on pixels.
  private func folder(_ scratch: ScratchFolder) throws -> URL {
    let folder = scratch.file("shapes")
    try write(Self.scheduler, folder.appendingPathComponent("scheduler/scheduler_config.json"))
    try FileManager.default.copyItem(
      at: fixtureURL("dit/classes"), to: folder.appendingPathComponent("transformer"))
    try FileManager.default.removeItem(at: folder.appendingPathComponent("transformer/expected.safetensors"))
    try write(
      """
      {"_class_name": "DiTPipeline", "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
       "transformer": ["diffusers", "DiTTransformer2DModel"],
       "id2label": {"0": "disc", "1": "ring", "2": "square", "3": "star", "4": "cross"}}
      """, folder.appendingPathComponent("model_index.json"))
    return folder
  }

  @Test func onPixels() throws {
    let scratch = try ScratchFolder()
    let model = try UnconditionalImages(folder: try folder(scratch), precision: .f32)
    #expect(model.classes == ["disc", "ring", "square", "star", "cross"] && model.noClass == 5)
    func draw(_ wish: ClassWish?) throws -> [Float] {
      try model.generate(seeds: [1], steps: 3, sampler: .flowEuler, wish: wish).floats()
    }
    let pixels = try draw(ClassWish([1]))
    #expect(pixels.count == 8 * 8 * 3 && pixels.allSatisfy(\.isFinite))
    #expect(try draw(ClassWish([2])) != pixels)
    // Without guidance the class alone decides, told or measured from none with scale 1.
    #expect(try draw(ClassWish([1], guidance: Guidance(scale: 3))) != pixels)
    #expect(try draw(nil) == draw(ClassWish([1], guidance: Guidance(scale: 0))))
  }

  @Test func inspected() throws {
    let scratch = try ScratchFolder()
    let found = try ModelInspection(try folder(scratch))
    #expect(found.problems.isEmpty && found.variant == "unconditional" && found.prediction == "flow_prediction")
    #expect(found.parts.map(\.name) == ["transformer"])
  }

  /// The network by the waist is the network by its own call.
  @Test func waist() throws {
    let config = try ModelFolder(fixtureURL("dit/classes")).decode(DiTConfig.self)
    let model = try ModelFolder(fixtureURL("dit/classes")).load { path, _ in DiTTransformer2DModel(path, config) }.model
    let x = Tensor((0..<(2 * 8 * 8 * 3)).map { sin(Float($0)) }, shape: [2, 8, 8, 3])
    let network: any DenoisingNetwork = model
    let waist = network(x, timesteps: [10, 500], NetworkConditioning(classes: [0, 5]))
    #expect(waist.floats() == model(x, timesteps: [10, 500], classes: [0, 5]).floats())
    #expect(network.config.classRows == 6 && network.config.contextWidth == nil && network.config.sideMultiple == 2)
  }
}
