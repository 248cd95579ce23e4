import Checkpoints
import Foundation
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// The diffusion prior against diffusers' `PriorTransformer`.
@Suite struct PriorTransformerTests {
  private func open() throws -> (model: PriorTransformer, parameters: [Parameter], expected: TensorFile) {
    let part = ModelFolder(fixtureURL("unclip/prior"))
    let config = try part.decode(PriorTransformerConfig.self)
    #expect(try JSONDecoder().decode(PriorTransformerConfig.self, from: JSONEncoder().encode(config)) == config)
    let (model, parameters) = try part.load(isTrainable: PriorTransformer.isLearnt) { path, _ in
      PriorTransformer(path, config)
    }
    return (model, parameters, try TensorFile(part.url.appendingPathComponent("expected.safetensors")))
  }

  private func output(_ model: PriorTransformer, _ file: TensorFile) throws -> Tensor {
    model(
      try file.tensor("noisy"), timesteps: [3, 120.5],
      text: PriorText(embedding: try file.tensor("embedding"), states: try file.tensor("states")))
  }

  @Test(arguments: fastDeviceNames) func forward(device: String) throws {
    try on(device) {
      let (model, _, file) = try open()
      expectMatch(
        try output(model, file).floats(), try file.tensor("out").floats(), tolerance: 1e-5, "prior on \(device)")
    }
  }

  @Test func gradients() throws {
    let (model, parameters, file) = try open()
    let (loss, gradients) = try valueAndGradients { try output(model, file).squared.mean() }
    expectClose([loss.scalar], try file.tensor("loss").floats(), rtol: 1e-5, "loss")
    let learnt = parameters.filter(\.isTrainable)
    #expect(Set(learnt.map { "grad.\($0.name)" }) == Set(file.keys.filter { $0.hasPrefix("grad.") }))
    let wanted = try learnt.map { try file.tensor("grad.\($0.name)").floats() }
    let largest = wanted.joined().reduce(0) { max($0, abs($1)) }
    for (parameter, gradient) in zip(learnt, wanted) {
      let found = try #require(gradients[parameter], "\(parameter.name)").floats()
      expectClose(found, gradient, atol: 1e-5 * largest, rtol: 1e-3, parameter.name)
    }
  }

  @Test func embeddingsAreFreedOfMeanAndDeviation() throws {
    let (model, _, _) = try open()
    var random = TestRandom(seed: 3)
    let x = random.tensor([4, 6])
    let (mean, deviation) = (model.clipMean.value.floats(), model.clipStd.value.floats())
    let expected = x.floats().enumerated().map { ($1 - mean[$0 % 6]) / deviation[$0 % 6] }
    expectClose(model.normalized(x).floats(), expected, rtol: 1e-5)
    expectClose(model.embeddings(model.normalized(x)), x, atol: 1e-5)
  }

  @Test(arguments: [
    ("num_attention_heads", "0"), ("attention_head_dim", "70000"), ("num_layers", "0"), ("embedding_dim", "-1"),
    ("added_emb_type", "null"), ("encoder_hid_proj_type", "null"), ("norm_in_type", "\"layer\""),
    ("additional_embeddings", "6"), ("unheard_of", "1"),
  ])
  func refusedByName(key: String, value: String) {
    #expect {
      try JSONDecoder().decode(PriorTransformerConfig.self, from: Data("{\"\(key)\": \(value)}".utf8))
    } throws: { (($0 as? DecodingError)?.oneLine ?? "\($0)").contains(key) }
  }
}
