import Checkpoints
import Foundation
import ReferenceSupport
import SafeTensors
import TensorCore
import TestSupport
import Testing

/// Start noise, by `txt2img --rng`: a U-Net that predicts nothing leaves noise times a known factor after one step.
@Suite struct RandomStreamCallTests {
  /// A model without a prediction, and the noise of each picture of a run of 16×16 pixels, 256 latents.
  private func noise(_ flags: [String], count: Int) throws -> [[Float]] {
    let folder = try CommandFolder()
    let model = try folder.model("sd1_tiny")
    try folder.rewrite(model.appendingPathComponent("unet/diffusion_pytorch_model.safetensors")) { tensors in
      for key in ["conv_out.weight", "conv_out.bias"] {
        let old = try #require(tensors[key])
        tensors[key] = RawTensor(.zeros(old.shape))
      }
    }
    try folder.draw(
      .txt2img,
      [catOnTheMoon, "--model", model.path, "--sampler", "ddim", "--steps", "1", "--width", "16", "--height", "16"]
        + ["--count", "\(count)"] + flags, to: "00001.safetensors", pattern: "{index}.safetensors")
    // DDIM's only step is from timestep 1 to the schedule's first level: ᾱ of 1 and 0, from β = lerp(√β)².
    let roots = (start: 0.00085.squareRoot(), end: 0.012.squareRoot())
    let betas = (0...1).map { pow(roots.start + (roots.end - roots.start) * Double($0) / 999, 2) }
    let bars = [1 - betas[0], (1 - betas[0]) * (1 - betas[1])]
    let factor = Float((bars[0] / bars[1]).squareRoot())
    return try (1...count).map { index in
      try TensorFile(folder.results.appendingPathComponent("0000\(index).safetensors")).tensor("latents").floats()
        .map { $0 / factor }
    }
  }

  private func stored(_ key: String) throws -> [Float] {
    try TensorFile(fixtureURL("torch_rng/expected.safetensors")).tensor(key).floats()
  }

  /// 1e-5, as torch's own vector logarithm differs from processor to processor by that much.
  @Test(arguments: [UInt64(0), 1, 42, 2_147_483_655, 1_234_567_890_123]) func torch(seed: UInt64) throws {
    let found = try noise(["--seed", "\(seed)"], count: 1)
    expectClose(found[0], try stored("randn.seed\(seed).n256"), atol: 1e-5, "seed \(seed)")
  }

  /// One generator for all: the pictures' noise is one long row.
  @Test func torchBatch() throws {
    let found = try noise(["--seed", "42", "--rng", "torch-batch", "--batch", "3"], count: 3)
    // torch draws the last 16 of an odd number of values anew; those before are the same in any longer row.
    expectClose(found.flatMap { $0 }, Array(try stored("randn.seed42.n1003")[..<768]), atol: 1e-5, "one row")
  }

  /// Picture i has seed N + i, together or alone.
  @Test func neighbours() throws {
    let together = try noise(["--seed", "41", "--batch", "2"], count: 2)
    expectClose(together[1], try stored("randn.seed42.n256"), atol: 1e-5, "the second of two")
  }

  /// What AUTOMATIC1111's documentation prints for seed 0; six decimals.
  @Test func philox() throws {
    let found = try noise(["--seed", "0", "--rng", "nv"], count: 1)
    let first: [Float] = [
      -0.924663, -0.425344, -2.643846, 0.145184, -0.120867, -0.579726, -0.622851, -0.328387,
    ]
    expectClose(Array(found[0][..<first.count]), first, atol: 1e-5, "NV")
  }
}
