import Adapters
import Checkpoints
import Foundation
import ModelFiles
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Adapters as PEFT saves them, with their configuration, against what PEFT merges of them.
@Suite struct PEFTAdapterTests {
  static let cases: [(folder: String, kinds: Set<String>)] = [
    ("peft_patterns", ["LoRA", "LoCon"]), ("peft_rslora", ["LoRA", "LoCon"]), ("peft_lokr_whole", ["LoKr"]),
    ("peft_lokr_parts", ["LoKr"]), ("peft_loha", ["LoHa"]), ("peft_loha_conv", ["LoHa"]),
  ]

  @Test(arguments: cases.indices) func mergedWeights(_ index: Int) throws {
    let (folder, kinds) = Self.cases[index]
    let url = AdapterFixtures.url("\(folder)/adapter_model")
    let networks = try AdapterFixtures.networks()
    let merger = try AdapterMerger([AdapterRequest(path: url.path)], networks: networks)
    // The folder stands for the file in it.
    let again = try AdapterMerger([AdapterRequest(path: url.deletingLastPathComponent().path)], networks: networks)
    #expect(again.reports[0].path == url.path)
    let report = merger.reports[0]
    #expect(Set(report.kinds.keys) == kinds && report.format == .peft && report.lines == [report.summary])
    let expected = try TensorFile(AdapterFixtures.url("expected_peft"))
    let prefix = "\(folder)/adapter_model/"
    let keys = expected.keys.filter { $0.hasPrefix(prefix) }
    #expect(!keys.isEmpty && merger.changedKeys(of: .unet).count == keys.count)
    for key in keys {
      let name = String(key.dropFirst(prefix.count))
      let base = try #require(networks[.unet]?.tensor(name, shape: [], initializer: .zeros))
      expectMatch(
        merger.merged(name, of: .unet, base: base).floats(), try expected.tensor(key).floats(), tolerance: 2e-6, key)
    }
  }

  /// The scale of the one module of a file, by its change: `up · down` is 1 everywhere.
  private func scale(_ metadata: [String: String] = [:], config: String? = nil, rank: Int = 8) throws -> Float {
    let key = (config == nil ? "unet." : "base_model.model.") + AdapterFixtures.query
    let ones = Tensor(repeating: 1 / Float(rank), shape: [rank, 8])
    let tensors = ["\(key).lora_A.weight": ones, "\(key).lora_B.weight": Tensor(repeating: 1, shape: [12, rank])]
    return try AdapterFixtures.withFile(tensors, metadata: metadata, name: "style") { url in
      if let config {
        try Data(config.utf8).write(to: url.deletingLastPathComponent().appendingPathComponent("adapter_config.json"))
      }
      let merger = try AdapterFixtures.merger([AdapterRequest(path: url.path)])
      let name = "\(AdapterFixtures.query).weight"
      let base = try #require(try AdapterFixtures.networks()[.unet]?.tensor(name, shape: [], initializer: .zeros))
      let change = (merger.merged(name, of: .unet, base: base, precision: .float32) - base).floats()
      #expect(zip(change, change.dropFirst()).allSatisfy { abs($0 - $1) < 1e-4 })
      return (change[0] * 1000).rounded() / 1000
    }
  }

  /// The first pattern of the file that fits counts, every time: a dictionary has no order.
  @Test func patternsInTheOrderOfTheFile() throws {
    for _ in 0..<20 {
      let config = #"{"r": 8, "lora_alpha": 4, "alpha_pattern": {"attn1.to_q": 32, "to_q": 1, ".*": 2}}"#
      #expect(try scale(config: config) == 4)
      let reversed = #"{"r": 8, "lora_alpha": 4, "alpha_pattern": {"to_q": 1, ".*": 2, "attn1.to_q": 32}}"#
      #expect(try scale(config: reversed) == 0.125)
      let unet = #"{"unet.r": 8, "unet.lora_alpha": 4, "unet.alpha_pattern": {"attn1.to_q": 32, "to_q": 1}}"#
      #expect(try scale(["lora_adapter_metadata": unet]) == 4)
    }
  }

  /// What Python's `re.match(r"(.*\.)?(KEY)$", name)` says of the name of an attention's queries.
  @Test(arguments: [
    ("to_q", true), ("q", false), ("o_q", false), ("attn1.to_q", true), ("attn1to_q", false), ("attn1_to_q", false),
    ("attn.\\.to_q", true), ("to_(q|k)", true), ("to_[qk]", true), ("to_[^q]", false), ("to_q|to_k", true),
    ("to_k|nothing", false), ("down_blocks\\.\\d+\\..*to_q", true), ("^down.*", true), ("^to_q", false),
    ("to_q$", true), (".*attn1.*", true), (".*attn2.*", false), ("(?!.*attn2).*to_q", true),
    ("(?!.*attn1).*to_q", true), ("^(?!.*attn1).*to_q", false), ("(?<=attn1\\.)to_q", true), ("(?:to)_q", true),
    ("(?P<name>to)_q", true), ("to_q{1}", true), ("to_q{2}", false), ("t{0,1}o_q", true), ("(to_)?q", true),
    ("(a+)+b", false), ("(.*)*to_q", true), ("\\w+", true), ("to\\Wq", false),
    ("transformer_blocks.0.attn1.to_q", true),
    ("", false),
  ])
  func patterns(_ pattern: String, fits: Bool) throws {
    let text = try String(decoding: JSONEncoder().encode([pattern: 16]), as: UTF8.self)
    #expect(try scale(config: #"{"r": 8, "lora_alpha": 4, "alpha_pattern": \#(text)}"#) == (fits ? 2 : 0.5))
  }

  @Test func defaultsOfPEFT() throws {
    #expect(try scale(config: "{}") == 1)
    #expect(try scale(config: #"{"r": 8, "lora_alpha": 2, "use_rslora": true}"#) == 0.707)
    #expect(try scale(config: #"{"r": 8, "lora_alpha": 0}"#) == 0)
  }

  /// A configuration that cannot be read, or asks for more than is done, is no reason for another strength.
  @Test(arguments: [
    ("", ["adapter_config.json", "empty"]), ("{", ["adapter_config.json", "damaged JSON"]), ("[]", ["no JSON object"]),
    (#"{"r": 0}"#, ["r is no number"]), (#"{"r": -1}"#, ["r is no number"]), (#"{"lora_alpha": "4"}"#, ["lora_alpha"]),
    (#"{"lora_alpha": 1e400}"#, ["lora_alpha"]), (#"{"lora_alpha": NaN}"#, ["lora_alpha"]),
    (#"{"alpha_pattern": [1]}"#, ["alpha_pattern is no object"]),
    (#"{"alpha_pattern": {"(": 1}}"#, ["alpha_pattern (", "not closed"]),
    (#"{"alpha_pattern": {"(a)\\1": 1}}"#, ["not read here"]), (#"{"alpha_pattern": {"*": 1}}"#, ["repeats nothing"]),
    (#"{"alpha_pattern": {"to_q": null}}"#, ["alpha_pattern to_q"]),
    (#"{"peft_type": "OFT"}"#, ["peft_type", "OFT"]), (#"{"init_lora_weights": "pissa"}"#, ["pissa", "own weights"]),
    (#"{"trainable_token_indices": [1]}"#, ["trainable_token_indices", "not supported"]),
  ])
  func badConfigurations(_ config: String, _ parts: [String]) throws {
    let error = try #require(throws: (any Error).self) { _ = try scale(config: config) }
    for part in parts { #expect("\(error)".contains(part), "no \(part) in: \(error)") }
    #expect(!"\(error)".contains("\n"))
  }

  /// A pattern made to take for ever is refused in time.
  @Test func endlessPatterns() throws {
    let backwards = String(repeating: "(?<!.*x)", count: 240)
    let error = try #require(throws: (any Error).self) {
      _ = try scale(config: #"{"r": 8, "alpha_pattern": {"\#(backwards)to_q": 1}}"#)
    }
    #expect("\(error)".contains("too many steps"), "\(error)")
    // These would take longer than the world stands if each way were tried.
    let nested = String(repeating: "(", count: 20) + "a?" + String(repeating: "){1000}", count: 20)
    #expect(try scale(config: #"{"r": 8, "lora_alpha": 4, "alpha_pattern": {"\#(nested)b": 1}}"#) == 0.5)
  }

  /// Keys as a model in memory has them, with the adapter's name at the end.
  @Test func namedAdapters() throws {
    let file = try TensorFile(AdapterFixtures.url("peft_lokr_whole/adapter_model"))
    let tensors = try file.keys.map { ("\($0).default", try file.tensor($0)) }
    try AdapterFixtures.withFile(Dictionary(uniqueKeysWithValues: tensors)) { url in
      let report = try AdapterFixtures.merger([AdapterRequest(path: url.path)]).reports[0]
      #expect(report.unusedKeys.isEmpty && report.kinds == ["LoKr": 4])
      // Without the configuration the strength is a guess, which is said.
      #expect(report.notes.count == 1 && report.notes[0].contains("adapter_config.json is not beside it"))
    }
  }

  /// Other kinds of PEFT are refused by their names, not as files without adapters.
  @Test(arguments: [
    ("oft_R.weight", "OFT"), ("boft_R", "BOFT"), ("ia3_l", "IA³"), ("vera_lambda_b", "VeRA"), ("lora_E", "AdaLoRA"),
    ("hra_u", "HRA"), ("lora_embedding_A", "embedding LoRA"), ("trainable_tokens_delta", "trainable tokens"),
  ])
  func otherKinds(_ part: String, _ kind: String) throws {
    try AdapterFixtures.withFile(["base_model.model.\(AdapterFixtures.query).\(part)": .zeros([4, 4])]) { url in
      let error = #expect(throws: AdapterError.self) { _ = try AdapterFile(url) }
      #expect(error?.description.contains("belongs to a \(kind) adapter") == true)
    }
  }

  /// An alpha may be a number of any type and shape of one element.
  @Test func alphasOfAnyType() throws {
    let down = Tensor(repeating: 0.25, shape: [4, 8])
    let up = Tensor(repeating: 1, shape: [12, 4])
    let alphas = [
      Tensor([2] as [Int32], shape: []), Tensor([2] as [Int32], shape: [1]), Tensor([2] as [Float], shape: [1, 1]),
      Tensor([2] as [Float], shape: []).cast(to: .bf16), Tensor([2] as [Float], shape: [1]).cast(to: .f16),
    ]
    let key = AdapterFixtures.queryKohya
    for alpha in alphas {
      let tensors = ["\(key).lora_down.weight": down, "\(key).lora_up.weight": up, "\(key).alpha": alpha]
      try AdapterFixtures.withFile(tensors) { url in
        let report = try AdapterFixtures.merger([AdapterRequest(path: url.path)]).reports[0]
        let summary = AdapterSummary(try TensorFile(url))
        #expect(report.alphas == [2] && summary?.alphas == [2])
      }
    }
    // Whole numbers are no matrices, and two numbers no alpha.
    let integers = Tensor([Int32](repeating: 1, count: 32), shape: [4, 8])
    for (part, value, word) in [("lora_down.weight", integers, "whole numbers"), ("alpha", up, "one finite number")] {
      var tensors = ["\(key).lora_down.weight": down, "\(key).lora_up.weight": up]
      tensors["\(key).\(part)"] = value
      try AdapterFixtures.withFile(tensors) { url in
        let error = #expect(throws: (any Error).self) {
          _ = try AdapterFixtures.merger([AdapterRequest(path: url.path)])
        }
        #expect(error.map { "\($0)".contains(word) && "\($0)".contains(url.path) } == true)
      }
    }
  }

  /// Python's and numpy's numbers in a pickle.
  @Test func alphasInAPickle() throws {
    let url = fixtureURL("pickles/alpha.pt")
    #expect(AdapterSummary(try TensorFile(url))?.alphas == [2, 3])
    let key = "\(AdapterFixtures.query).weight"
    let networks = try AdapterFixtures.networks()
    let merger = try AdapterMerger([AdapterRequest(path: url.path)], networks: networks)
    let base = try #require(networks[.unet]?.tensor(key, shape: [], initializer: .zeros))
    // Ones times ones of rank 4, scaled by 2 / 4.
    let change = (merger.merged(key, of: .unet, base: base) - base).floats()
    #expect(change.allSatisfy { abs($0 - 2) < 1e-5 })
  }
}
