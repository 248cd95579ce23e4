import Adapters
import Checkpoints
import Foundation
import NN
import TensorCore
import TestSupport
import Testing

/// Ranks changed, files added up, differences extracted: held against the full matrices.
@Suite struct LoRAToolsTests {
  private struct Layers {
    var change: [String: Tensor]
  }

  private func folder() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("lora-tools-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  private let shapes: [(String, [Int])] = [
    ("down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", [12, 10]),
    ("down_blocks.0.resnets.0.conv1", [8, 6, 3, 3]),
  ]

  private func parameters(seed: UInt64, of scale: Float = 1) -> [Parameter] {
    var random = TestRandom(seed: seed)
    return shapes.map { Parameter(name: "\($0.0).weight", value: random.tensor($0.1) * scale, isTrainable: false) }
  }

  /// A file of random matrices of a rank, alpha half of it.
  private func write(_ url: URL, rank: Int, seed: UInt64, format: AdapterFormat = .kohya) throws {
    let adapters = try TrainableAdapters(
      [.unet: parameters(seed: 1)], targets: .all, rank: rank, alpha: Float(rank) / 2, seed: seed)
    var random = TestRandom(seed: seed + 5)
    for parameter in adapters.parameters { parameter.replace(with: random.tensor(parameter.shape)) }
    try adapters.write(to: url, format: format, dtype: .f32)
  }

  /// What a file adds to zero weights.
  private func change(_ files: [(URL, Float)]) throws -> [[Float]] {
    let zeros = parameters(seed: 1, of: 0)
    let source = ShapeList(Dictionary(uniqueKeysWithValues: zeros.map { ($0.name, $0.shape) }))
    let merger = try AdapterMerger(
      files.map { AdapterRequest(path: $0.0.path, weight: $0.1) }, networks: [.unet: source])
    return zeros.map { merger.merged($0.name, of: .unet, base: $0.value).floats() }
  }

  private func of(_ url: URL, _ weight: Float, text: Float? = nil) -> AdapterRequest {
    AdapterRequest(path: url.path, weight: weight, textWeight: text)
  }

  private func difference(_ a: [[Float]], _ b: [[Float]]) -> Float {
    let squares = zip(a.joined(), b.joined()).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (squares / b.joined().reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  @Test(arguments: [AdapterFormat.kohya, .diffusers]) func aRankThatHoldsAllChangesNothing(_ format: AdapterFormat)
    throws
  {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (one, both, small) = (
      folder.appendingPathComponent("one.safetensors"), folder.appendingPathComponent("both.safetensors"),
      folder.appendingPathComponent("small.safetensors")
    )
    try write(one, rank: 3, seed: 2, format: format)
    // Twice the same change has twice the rank in the file and only the first's in truth.
    let file = try LoRAFile(one)
    let sum = try LoRAFile.merged([(file, of(one, 0.25)), (file, of(one, 0.75))])
    #expect(sum.ranks == [6])
    try sum.write(to: both)
    #expect(try difference(change([(both, 1)]), change([(one, 1)])) < 1e-5)
    let resized = sum.resized(to: 3)
    #expect(resized.kept > 0.99999 && resized.file.ranks == [3])
    try resized.file.write(to: small)
    #expect(try difference(change([(small, 1)]), change([(one, 1)])) < 1e-4)
  }

  @Test func filesAddUp() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["a", "b", "sum"].map { folder.appendingPathComponent("\($0).safetensors") }
    try write(files[0], rank: 2, seed: 2)
    try write(files[1], rank: 4, seed: 3)
    try LoRAFile.merged([
      (try LoRAFile(files[0]), of(files[0], 0.7)), (try LoRAFile(files[1]), of(files[1], -0.3)),
    ]).write(to: files[2])
    #expect(try difference(change([(files[2], 1)]), change([(files[0], 0.7), (files[1], -0.3)])) < 1e-5)
  }

  /// A file in kohya's format and one in diffusers' give one in kohya's, with each layer once.
  @Test func filesOfTwoFormatsAddUp() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["a", "b", "sum"].map { folder.appendingPathComponent("\($0).safetensors") }
    try write(files[0], rank: 2, seed: 2, format: .diffusers)
    try write(files[1], rank: 4, seed: 3)
    let sum = try LoRAFile.merged([
      (try LoRAFile(files[0]), of(files[0], 0.7)), (try LoRAFile(files[1]), of(files[1], 0.2)),
    ])
    #expect(sum.moduleCount == 2 && sum.ranks == [6])
    try sum.write(to: files[2])
    #expect(try AdapterFile(files[2]).format == .kohya)
    #expect(try difference(change([(files[2], 1)]), change([(files[0], 0.7), (files[1], 0.2)])) < 1e-5)
  }

  /// Text encoders have a weight of their own; what was true of the files alone is not said of what came of them.
  @Test func textsHaveTheirOwnWeightAndMetadataIsTrue() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (file, whole) = (folder.appendingPathComponent("f.safetensors"), folder.appendingPathComponent("w.safetensors"))
    var random = TestRandom(seed: 4)
    let text = Parameter(
      name: "text_model.encoder.layers.0.self_attn.q_proj.weight", value: random.tensor([6, 6]), isTrainable: false)
    let adapters = try TrainableAdapters(
      [.unet: parameters(seed: 1), .textEncoder: [text]], targets: .all, rank: 2, alpha: 2, seed: 1)
    for parameter in adapters.parameters { parameter.replace(with: random.tensor(parameter.shape)) }
    try adapters.write(
      to: file, dtype: .f32,
      metadata: ["sshs_model_hash": "x", "ss_network_args": "{}", "ss_seed": "4", "ss_output_name": "f"])
    let merged = try LoRAFile.merged([(try LoRAFile(file), of(file, 1, text: 0))])
    try merged.write(to: whole)
    let result = try TensorFile(whole)
    for key in result.keys where key.hasSuffix("lora_up.weight") {
      let isZero = try result.tensor(key).floats().allSatisfy { $0 == 0 }
      #expect(isZero == key.hasPrefix("lora_te"), "\(key)")
    }
    let metadata = try AdapterFile(whole).metadata
    #expect(metadata["sshs_model_hash"] == nil && metadata["ss_network_args"] == nil && metadata["ss_seed"] == "4")
    #expect(metadata["ss_output_name"] == "w")
  }

  /// kohya's words for a model, which AUTOMATIC1111 sorts files by.
  @Test(arguments: [
    (768, false, "sd_v1", "False"), (768, true, "sd_v1_v", "False"), (1024, true, "sd_v2_v", "True"),
    (2048, true, "sdxl_base_v1-0", "False"),
  ])
  func filesSayWhatModelTheyAreFor(width: Int, predictsVelocity: Bool, version: String, isV2: String) throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("f.safetensors")
    let weight = Parameter(
      name: "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", value: .zeros([4, width]),
      isTrainable: false)
    let adapters = try TrainableAdapters([.unet: [weight]], rank: 1, alpha: 1, seed: 1)
    try adapters.write(to: file, predictsVelocity: predictsVelocity)
    let metadata = try AdapterFile(file).metadata
    #expect(metadata["ss_base_model_version"] == version && metadata["ss_v2"] == isV2)
  }

  /// The truncated product is as near as the singular values say: the error's square is the share that is lost.
  @Test func whatIsLostIsWhatIsSaid() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (all, less) = (
      folder.appendingPathComponent("all.safetensors"), folder.appendingPathComponent("less.safetensors")
    )
    try write(all, rank: 5, seed: 9)
    let resized = try LoRAFile(all).resized(to: 2)
    try resized.file.write(to: less)
    let (a, b) = (try change([(less, 1)]), try change([(all, 1)]))
    // The mean over both layers of 1 − ‖error‖² / ‖all‖².
    let kept = zip(a, b).map { 1 - Double(difference([$0], [$1])) * Double(difference([$0], [$1])) }
    #expect(abs(kept.reduce(0, +) / 2 - resized.kept) < 1e-4)
    #expect(resized.kept > 0.4 && resized.kept < 0.99)
  }

  @Test func aDifferenceOfLowRankIsExtractedWhole() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (lora, found) = (folder.appendingPathComponent("l.safetensors"), folder.appendingPathComponent("f.safetensors"))
    try write(lora, rank: 3, seed: 4)
    let wanted = try change([(lora, 1)])
    let base = parameters(seed: 7)
    let tuned = zip(base, wanted).map { $0.value + Tensor($1, shape: $0.shape) }
    func at(_ key: String) -> Int? { base.firstIndex { $0.name == key } }
    let report = try LoRAExtraction(rank: 3, targets: .all).write(
      to: found, shapes: [.unet: base.map { ($0.name, $0.shape) }], tuned: { _, key in at(key).map { tuned[$0] } },
      base: { _, key in at(key).map { base[$0].value } })
    #expect(report.changed == 2 && report.equal == 0 && report.kept > 0.9999)
    // Written as float16: 2⁻¹¹ for each of two factors.
    #expect(try difference(change([(found, 1)]), wanted) < 2e-3)
    #expect(throws: AdapterError.self) {
      _ = try LoRAExtraction(rank: 3, targets: .all).write(
        to: found, shapes: [.unet: base.map { ($0.name, $0.shape) }],
        tuned: { _, key in at(key).map { base[$0].value } },
        base: { _, key in at(key).map { base[$0].value } })
    }
  }
}
