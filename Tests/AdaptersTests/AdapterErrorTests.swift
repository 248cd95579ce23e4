import Adapters
import Checkpoints
import Foundation
import SafeTensors
import TensorCore
import Testing

/// Files that do not fit, are damaged or hold something else: one line that says so.
@Suite struct AdapterErrorTests {
  /// The message for a file of these tensors.
  private func message(_ tensors: [String: Tensor], metadata: [String: String] = [:]) throws -> String {
    try AdapterFixtures.withFile(tensors, metadata: metadata) { url in
      let error = try #require(throws: (any Error).self) {
        try AdapterFixtures.merger([AdapterRequest(path: url.path)])
      }
      let text = "\(error)"
      #expect(!text.contains("\n") && text.contains("test.safetensors"))
      return text
    }
  }

  private let query = AdapterFixtures.queryKohya

  @Test func nothingMatches() throws {
    let text = try message(
      [
        "lora_unet_input_blocks_7_1_transformer_blocks_9_attn2_to_k.lora_down.weight": .zeros([4, 2048]),
        "lora_unet_input_blocks_7_1_transformer_blocks_9_attn2_to_k.lora_up.weight": .zeros([1280, 4]),
      ])
    #expect(text.contains("none of its 2 keys") && text.contains("SDXL"))
  }

  @Test func baseIsReadFromMetadata() throws {
    let text = try message(
      ["lora_te2_x.lora_down.weight": .zeros([1, 1]), "lora_te2_x.lora_up.weight": .zeros([1, 1])],
      metadata: ["ss_base_model_version": "sd_v2_v"])
    #expect(text.contains("made for SD 2.x (ss_base_model_version sd_v2_v)"))
  }

  @Test func wrongShapeNamesKeyAndBothShapes() throws {
    let text = try message([
      "\(query).lora_down.weight": .zeros([2, 9]), "\(query).lora_up.weight": .zeros([12, 2]),
    ])
    #expect(text.contains("\(query).lora_down.weight") && text.contains("[12, 9]") && text.contains("[12, 8]"))
  }

  @Test func wrongMagnitude() throws {
    let text = try message([
      "\(query).lora_down.weight": .zeros([2, 8]), "\(query).lora_up.weight": .zeros([12, 2]),
      "\(query).dora_scale": .zeros([5, 1]),
    ])
    #expect(text.contains("[5, 1]") && text.contains("[12, 8]"))
  }

  @Test func halfAPair() throws {
    let text = try message(["\(query).lora_down.weight": .zeros([2, 8])])
    #expect(text.contains("up matrix is missing"))
  }

  @Test func alphaAlone() throws {
    #expect(try message(["\(query).alpha": Tensor([Float(1)], shape: [])]).contains("alone"))
  }

  @Test func ranksDiffer() throws {
    let text = try message([
      "\(query).lora_down.weight": .zeros([2, 8]), "\(query).lora_up.weight": .zeros([12, 3]),
    ])
    #expect(text.contains("do not fit each other") && text.contains("down [2, 8]") && text.contains("up [12, 3]"))
  }

  @Test(arguments: [Float.nan, .infinity], [DType.f32, .f16, .bf16])
  func notFinite(_ value: Float, _ dtype: DType) throws {
    let text = try message([
      "\(query).lora_down.weight": Tensor(repeating: value, shape: [2, 8]).cast(to: dtype),
      "\(query).lora_up.weight": .zeros([12, 2]),
    ])
    #expect(text.contains("NaN or infinity"))
  }

  @Test(arguments: ["oft_blocks", "on_input", "a1.weight"])
  func otherKinds(_ end: String) throws {
    #expect(try message(["\(query).\(end)": .zeros([2, 4, 4])]).contains("are supported"))
  }

  @Test func noAdapterAtAll() throws {
    let text = try message(["model.diffusion_model.out.2.weight": .zeros([4, 4])])
    #expect(text.contains("not a LoRA file") && text.contains("model.diffusion_model.out.2.weight"))
  }

  /// Names of a hostile file cannot break the line.
  @Test func namesStayOnOneLine() throws {
    _ = try message(["a\nb\u{1b}[31m.lora_down.weight": .zeros([1, 1]), "a\u{2028}c": .zeros([1])])
  }

  @Test func missingFile() throws {
    let request = AdapterRequest(path: "/nowhere/none.safetensors")
    let error = try #require(throws: CheckpointError.self) { try AdapterFixtures.merger([request]) }
    #expect("\(error)".contains("/nowhere/none.safetensors"))
  }

  /// A file that fits in part is used, and says what it did not use.
  @Test func leftoverKeysAreReported() throws {
    let tensors = [
      "\(query).lora_down.weight": Tensor.zeros([2, 8]), "\(query).lora_up.weight": .zeros([12, 2]),
      "lora_te2_text_model_encoder_layers_9_mlp_fc1.lora_down.weight": .zeros([2, 4]),
      "lora_te2_text_model_encoder_layers_9_mlp_fc1.lora_up.weight": .zeros([4, 2]),
      "what.is.this": .zeros([1]),
    ]
    try AdapterFixtures.withFile(tensors) { url in
      let report = try AdapterFixtures.merger([AdapterRequest(path: url.path)]).reports[0]
      #expect(report.matchedKeys == 2 && report.unusedKeys.count == 3)
      let warning = try #require(report.warning)
      #expect(warning.contains("3 keys fit nothing") && warning.contains("what.is.this"))
    }
  }
}
