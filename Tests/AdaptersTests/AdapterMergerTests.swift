import Adapters
import Checkpoints
import Foundation
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Merged weights of every kind of adapter against what the tools that write them compute.
@Suite struct AdapterMergerTests {
  /// Files of `Fixtures/adapters` with the kinds they hold and how many keys they have.
  static let cases: [(file: String, kinds: Set<String>, keys: Int)] = [
    ("locon", ["LoRA", "LoCon"], 15), ("locon_tucker", ["LoCon"], 4), ("loha", ["LoHa"], 20),
    ("loha_tucker", ["LoHa"], 7), ("lokr", ["LoKr"], 16), ("lokr_full", ["LoKr"], 6), ("lokr_both", ["LoKr"], 10),
    ("lokr_tucker", ["LoKr"], 5), ("dora", ["DoRA"], 12), ("dora_inputs", ["DoRA"], 8), ("dora_loha", ["DoRA"], 12),
    ("full", ["full difference"], 5), ("peft/adapter_model", ["LoRA", "LoCon"], 6),
    ("peft_bias/adapter_model", ["LoRA", "LoCon"], 6), ("peft_dora/adapter_model", ["DoRA"], 6),
    ("diffusers_rslora", ["LoRA"], 4), ("attn_procs", ["LoRA"], 2), ("text_linear_layer", ["LoRA"], 2),
    ("text_to_q", ["LoRA"], 2),
  ]

  /// 2e-6 of the range: sums of up to 72 products in float32, in another order.
  private static let tolerance: Float = 2e-6

  @Test(arguments: cases.map(\.file))
  func mergedWeights(_ file: String) throws { try check(file, weight: 1, suffix: "") }

  @Test(arguments: ["locon", "dora", "loha"])
  func strengthIsLinear(_ file: String) throws { try check(file, weight: 0.6, suffix: "@0.6") }

  private func check(_ file: String, weight: Float, suffix: String) throws {
    let expected = try TensorFile(AdapterFixtures.url("expected"))
    let networks = try AdapterFixtures.networks()
    let merger = try AdapterMerger(
      [AdapterRequest(path: AdapterFixtures.url(file).path, weight: weight)], networks: networks)
    let prefix = "\(file)\(suffix)/"
    let wanted = expected.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    #expect(!wanted.isEmpty)
    #expect(
      wanted.sorted()
        == (merger.changedKeys(of: .unet) + merger.changedKeys(of: .textEncoder)).sorted())
    for key in wanted {
      let network = AdapterFixtures.network(of: key)
      let base = try #require(networks[network]?.tensor(key, shape: [], initializer: .zeros))
      let merged = merger.merged(key, of: network, base: base)
      expectMatch(
        merged.floats(), try expected.tensor(prefix + key).floats(), tolerance: Self.tolerance, "\(prefix)\(key)")
      #expect(merged.shape == base.shape)
    }
  }

  @Test(arguments: cases.indices)
  func reportsKindAndKeys(_ index: Int) throws {
    let (file, kinds, keys) = Self.cases[index]
    let report = try AdapterFixtures.merger([AdapterRequest(path: AdapterFixtures.url(file).path)]).reports[0]
    #expect(Set(report.kinds.keys) == kinds)
    #expect(report.matchedKeys == keys && report.unusedKeys.isEmpty && report.warning == nil)
    #expect(report.summary.contains("\(keys) of \(keys) keys"))
  }

  /// Several adapters add their changes, each against the base; text encoders have a strength of their own.
  @Test func adaptersAddUp() throws {
    let networks = try AdapterFixtures.networks()
    let requests = [
      AdapterRequest(path: AdapterFixtures.url("locon").path, weight: 0.5, textWeight: -1),
      AdapterRequest(path: AdapterFixtures.url("dora").path, weight: 2),
      AdapterRequest(path: AdapterFixtures.url("locon").path, weight: 0, textWeight: 0),
    ]
    let merger = try AdapterMerger(requests, networks: networks)
    let expected = try TensorFile(AdapterFixtures.url("expected"))
    for key in ["\(AdapterFixtures.query).weight", "text_model.encoder.layers.0.self_attn.q_proj.weight"] {
      let network = AdapterFixtures.network(of: key)
      let base = try #require(networks[network]?.tensor(key, shape: [], initializer: .zeros))
      let (w, a, b) = (
        base.floats(), try expected.tensor("locon/\(key)").floats(), try expected.tensor("dora/\(key)").floats()
      )
      let strength: Float = network == .unet ? 0.5 : -1
      let sum = w.indices.map { w[$0] + strength * (a[$0] - w[$0]) + 2 * (b[$0] - w[$0]) }
      expectMatch(merger.merged(key, of: network, base: base).floats(), sum, tolerance: Self.tolerance * 4, key)
    }
  }

  /// The source changes what it should and passes on the rest untouched, in the base's type or in float32.
  @Test(arguments: [DType.f32, .bf16, .f16])
  func sourceKeepsTypeAndRest(_ dtype: DType) throws {
    let plain = try #require(try AdapterFixtures.networks()[.unet])
    let stored = TensorDictionary(
      Dictionary(
        uniqueKeysWithValues: plain.keys.compactMap { key in
          plain.tensor(key, shape: [], initializer: .zeros).map { (key, $0.cast(to: dtype)) }
        }))
    let merger = try AdapterMerger(
      [AdapterRequest(path: AdapterFixtures.url("loha").path)], networks: [.unet: stored])
    #expect(merger.reports[0].unusedKeys.count == 5)
    let source = try #require(merger.source(.unet))
    #expect(source.keys == stored.keys && source.description == stored.description)
    #expect(merger.source(.textEncoder) == nil)
    for key in stored.keys {
      let base = try #require(stored.tensor(key, shape: [], initializer: .zeros))
      let value = try #require(source.tensor(key, shape: base.shape, initializer: .zeros))
      let isChanged = merger.changedKeys(of: .unet).contains(key)
      #expect(value.dtype == dtype && value.shape == base.shape)
      #expect((value.floats() != base.floats()) == isChanged, "\(key)")
      if isChanged { #expect(merger.merged(key, of: .unet, base: base, precision: .float32).dtype == .f32) }
    }
  }

  /// On an inpainting U-Net the first convolution's change covers the first four channels.
  @Test func firstConvolutionOfInpaintingModel() throws {
    var random = TestRandom(seed: 3)
    let base = random.tensor([8, 9, 3, 3])
    let (down, up) = (random.tensor([2, 4, 3, 3]), random.tensor([8, 2, 1, 1]))
    let files = ["lora_unet_conv_in.lora_down.weight": down, "lora_unet_conv_in.lora_up.weight": up]
    try AdapterFixtures.withFile(files) { url in
      let merger = try AdapterMerger(
        [AdapterRequest(path: url.path)], networks: [.unet: TensorDictionary(["conv_in.weight": base])])
      let change = merger.merged("conv_in.weight", of: .unet, base: base) - base
      let product = up.reshaped([8, 2]).matmul(down.reshaped([2, 36])).reshaped([8, 4, 3, 3])
      expectMatch(
        change.slice(axis: 1, from: 0, count: 4).floats(), product.floats(), tolerance: 1e-6, "first channels")
      #expect(change.slice(axis: 1, from: 4, count: 5).floats().allSatisfy { $0 == 0 })
    }
  }
}
