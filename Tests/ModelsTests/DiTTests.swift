import Checkpoints
import Foundation
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing
import Training

/// Diffusion transformers against diffusers' `DiTTransformer2DModel` and `PixArtTransformer2DModel`.
@Suite struct DiTTests {
  private func folder(_ name: String) -> URL { fixtureURL("dit/\(name)") }

  private static let timesteps: [Float] = [3, 120.5]

  /// A stored network with its inputs.
  private struct Case {
    let model: DiTTransformer2DModel
    let parameters: [Parameter]
    let x: Tensor
    let classes: [Int]?
    let context: Parameter?
    let expected: TensorFile

    func output() -> Tensor { model(x, timesteps: timesteps, classes: classes, text: context?.tensor) }
  }

  private func open(_ name: String) throws -> Case {
    let part = ModelFolder(folder(name))
    let config = try part.decode(DiTConfig.self)
    let again = try JSONDecoder().decode(DiTConfig.self, from: JSONEncoder().encode(config))
    #expect(again == config)
    let expected = try TensorFile(folder(name).appendingPathComponent("expected.safetensors"))
    func build(_ path: ParameterPath, _ keys: [String]) -> DiTTransformer2DModel { DiTTransformer2DModel(path, again) }
    let (model, parameters) = try part.load(isTrainable: { _ in true }, build)
    let x = try expected.tensor("x")
    let isText = config.conditioning == .text
    #expect(config.className == (isText ? "PixArtTransformer2DModel" : "DiTTransformer2DModel"))
    let context = isText ? try expected.tensor("context") : nil
    return Case(
      model: model, parameters: parameters, x: Tensor(channelsFirst: x.floats(), shape: x.shape),
      classes: isText ? nil : try expected.tensor("classes").floats().map { Int($0) },
      context: context.map {
        Parameter(name: "context", value: Tensor($0.floats(), shape: $0.shape), isTrainable: true)
      }, expected: expected)
  }

  /// Classes and none, texts projected and not, samples of other sizes than the configuration's, and settings that
  /// published networks leave at their defaults.
  @Test(arguments: ["classes", "classes_other", "text", "text_plain"], fastDeviceNames)
  func forward(name: String, device: String) throws {
    try on(device) {
      let stored = try open(name)
      expectMatch(
        stored.output().channelsFirstFloats(), try stored.expected.tensor("out").floats(), tolerance: 1e-5,
        "\(name) on \(device)")
    }
  }

  /// Every gradient, the text's states' too. A bias of keys shifts all scores alike, which the softmax takes away.
  @Test(arguments: ["classes", "text"], fastDeviceNames)
  func gradients(name: String, device: String) throws {
    try on(device) {
      let stored = try open(name)
      let (loss, gradients) = valueAndGradients { stored.output().squared.mean() }
      expectClose([loss.scalar], try stored.expected.tensor("loss").floats(), rtol: 1e-5, "loss")
      let all = stored.parameters + (stored.context.map { [$0] } ?? [])
      let keys = stored.expected.keys.filter { $0.hasPrefix("grad.") }
      #expect(Set(keys) == Set(all.map { "grad.\($0.name)" }))
      let wanted = try Dictionary(
        uniqueKeysWithValues: all.map { ($0.name, try stored.expected.tensor("grad.\($0.name)").floats()) })
      let largest = wanted.values.map { $0.reduce(0) { max($0, abs($1)) } }.max() ?? 0
      for parameter in all {
        let gradient = try #require(gradients[parameter], "\(parameter.name)").floats()
        if parameter.name.hasSuffix("to_k.bias") {
          #expect(gradient.allSatisfy { abs($0) < 1e-6 * largest }, "\(parameter.name)")
        } else {
          expectMatch(
            gradient, wanted[parameter.name] ?? [], tolerance: 1e-4, "gradient of \(parameter.name) on \(device)")
        }
      }
    }
  }

  /// Blocks computed again for their gradients give the same ones.
  @Test func recomputation() throws {
    let stored = try open("text")
    func norms(_ recomputes: Bool) -> [Double] {
      let gradients = Recomputation.$isOn.withValue(recomputes) {
        valueAndGradients { stored.output().squared.mean() }.gradients
      }
      return stored.parameters.map { gradients[$0]?.sumOfSquares ?? -1 }
    }
    let plain = norms(false)
    #expect(plain == norms(true) && plain.allSatisfy { $0 > 0 })
  }

  /// A fresh network says nothing at all, whatever it is told (adaLN-zero), and its ends learn first.
  @Test(arguments: [DiTConfig.Conditioning.classes, .text])
  func startsAtZero(conditioning: DiTConfig.Conditioning) throws {
    var config = DiTConfig(conditioning)
    (config.headCount, config.headWidth, config.layerCount, config.sampleSize) = (2, 16, 2, 8)
    (config.inChannels, config.outChannels, config.classCount) = (3, nil, 4)
    if conditioning == .text { config.crossAttentionDim = 12 }
    try config.validate()
    let store = ParameterStore(RandomInitialization(seed: 3), isTrainable: { _ in true })
    let model = DiTTransformer2DModel(store.root, config)
    var random = ExampleRandom(seed: 1, example: 0, epoch: 0)
    let x = random.normal([2, 8, 8, 3])
    let text = conditioning == .text ? random.normal([2, 5, 12]) : nil
    let classes = conditioning == .text ? nil : [0, 4]
    let (value, gradients) = valueAndGradients {
      let y = model(x, timesteps: [1, 500], classes: classes, text: text)
      return (y - x).squared.mean()
    }
    #expect(abs(value.scalar - x.squared.mean().scalar) < 1e-6)
    let learning = store.parameters.filter { gradients[$0].map { $0.sumOfSquares > 0 } ?? false }.map(\.name)
    #expect(learning.contains { $0.hasPrefix("proj_out") } && !learning.contains { $0.contains("attn1") })
  }

  /// bf16 of 8 bits, through four layers.
  @Test func narrowArithmetic() throws {
    let stored = try open("classes")
    let exact = stored.output()
    let other = stored.model(stored.x.cast(to: .bf16), timesteps: Self.timesteps, classes: stored.classes)
    #expect(other.dtype == .bf16)
    let error = ((other.cast(to: .f32) - exact).sumOfSquares / exact.sumOfSquares).squareRoot()
    #expect(error > 1e-4 && error < 3e-2, "relative error \(error)")
  }

  /// The class counts, and weights of another number of classes are refused by name.
  @Test func classesCount() throws {
    let stored = try open("classes")
    let told = (0...5).map { stored.model(stored.x, timesteps: Self.timesteps, classes: [$0, $0]) }
    for (a, b) in zip(told, told.dropFirst()) { #expect((a - b).sumOfSquares > 1e-4 * a.sumOfSquares) }
    #expect(stored.model.noClass == 5)
    var config = stored.model.config
    config.classCount = 6
    let other = config
    #expect {
      _ = try ModelFolder(folder("classes")).load { path, _ in DiTTransformer2DModel(path, other) }
    } throws: { "\($0)".contains("transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight") }
  }

  /// Four times the tokens, more than four times the work of attention.
  @Test func workGrowsWithTokens() throws {
    let config = try open("classes").model.config
    let (small, large) = (config.work(width: 8, height: 8, tokens: 0), config.work(width: 16, height: 16, tokens: 0))
    #expect(large.products > 2 * small.products && large.values == 4 * small.values)
  }

  @Test(arguments: [
    (#""norm_type": "ada_norm""#, "norm_type"), (#""activation_fn": "swiglu""#, "activation_fn"),
    (#""patch_size": 3"#, "patch_size"), (#""attention_head_dim": 7, "num_attention_heads": 1"#, "attention_head_dim"),
    (#""out_channels": 5"#, "out_channels"), (#""cross_attention_dim": 8"#, "cross_attention_dim"),
    (#""norm_type": "ada_norm_single", "cross_attention_dim": null"#, "cross_attention_dim"),
    (#""norm_type": "ada_norm_single", "sample_size": 128"#, "use_additional_conditions"),
    (#""use_additional_conditions": true"#, "use_additional_conditions"),
    (
      #""norm_type": "ada_norm_single", "sample_size": 32, "caption_channels": 9, "cross_attention_dim": 8"#,
      "cross_attention_dim"
    ),
    (#""attention_type": "gated""#, "attention_type"), (#""num_vector_embeds": 9"#, "num_vector_embeds"),
    (#""num_layers": 0"#, "num_layers"), (#""norm_eps": -1"#, "norm_eps"), (#""unheard_of": 1"#, "unheard_of"),
    (#""sample_size": 9223372036854775807"#, "sample_size"), (#""num_embeds_ada_norm": null"#, "num_embeds_ada_norm"),
    (#""_class_name": "SD3Transformer2DModel""#, "_class_name"), (#""interpolation_scale": 0"#, "interpolation_scale"),
  ])
  func refusedByName(text: String, key: String) {
    #expect {
      _ = try JSONDecoder().decode(DiTConfig.self, from: Data("{\(text)}".utf8))
    } throws: { "\(($0 as? DecodingError)?.oneLine ?? "\($0)")".contains(key) }
  }

  /// What files of published networks say besides.
  @Test(arguments: [
    """
    {"_class_name": "Transformer2DModel", "cross_attention_dim": null, "double_self_attention": false, "dropout": 0.0,
     "num_vector_embeds": null, "only_cross_attention": false, "out_channels": 8, "use_linear_projection": false}
    """,
    """
    {"_class_name": "PixArtTransformer2DModel", "sample_size": 64, "caption_channels": 4096, "attention_type": "default",
     "interpolation_scale": 1, "norm_eps": 1e-06, "upcast_attention": false}
    """,
  ])
  func accepted(text: String) throws {
    let config = try JSONDecoder().decode(DiTConfig.self, from: Data(text.utf8))
    #expect(config.width == 1152 && config.outputs == 8 && config.contextWidth == (text.contains("4096") ? 4096 : nil))
  }
}
