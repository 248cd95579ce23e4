import Foundation
import Models
import NN
import Synchronization
import TensorCore
import TestSupport
import Testing

/// Keys and shapes that models ask for, against the lists of the published checkpoints.
@Suite struct KeyListTests {
  @Test func stableDiffusionUNet() throws {
    var config = UNet2DConditionConfig()
    config.crossAttentionDim = 768
    try expectKeys("keys_sd15_unet") { _ = UNet2DConditionModel($0, config) }
  }

  @Test func autoencoder() throws {
    try expectKeys("keys_vae") { _ = AutoencoderKL($0, AutoencoderKLConfig()) }
  }

  @Test func textEncoder() throws {
    try expectKeys("keys_clip_l") { _ = CLIPTextModel($0, CLIPTextConfig()) }
  }

  private func expectKeys(_ list: String, _ build: (ParameterPath) -> Void) throws {
    let text = try String(contentsOf: fixtureURL("reference/keys/\(list).tsv"), encoding: .utf8)
    let expected = text.split(separator: "\n").map(String.init).sorted()
    let recorder = try #require(RecordingSource())
    let store = ParameterStore(recorder)
    build(store.root)
    let asked = recorder.asked.sorted()
    #expect(asked.count == expected.count)
    let (missing, extra) = (Set(expected).subtracting(asked), Set(asked).subtracting(expected))
    #expect(missing.isEmpty && extra.isEmpty, "not asked for \(missing), not in the list \(extra)")
  }
}

/// Writes down what is asked of it. All values lie in one mapping of zeros that is never touched,
/// so that models of any size cost no memory.
private final class RecordingSource: ParameterSource {
  let description = "a recorder"
  let keys: [String] = []
  private let lines = Mutex<[String]>([])
  private let zeros: ZeroPages

  init?() {
    guard let zeros = ZeroPages() else { return nil }
    self.zeros = zeros
  }

  /// `key<tab>shape` of every question.
  var asked: [String] { lines.withLock { $0 } }

  func shape(of key: String) -> [Int]? { nil }

  func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? {
    lines.withLock { $0.append("\(key)\t\(shape.map(String.init).joined(separator: "x"))") }
    precondition(shape.reduce(4, *) <= ZeroPages.byteCount, "\(key) of shape \(shape) is too large")
    return Tensor(mapped: zeros.pointer, shape: shape, dtype: .f32, owner: zeros)
  }
}

/// Read-only zeros without memory behind them. Unchecked: nothing ever writes.
private final class ZeroPages: @unchecked Sendable {
  static let byteCount = 1 << 28
  let pointer: UnsafeRawPointer

  init?() {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE)
    guard let base = mmap(nil, Self.byteCount, PROT_READ, flags, -1, 0), base != MAP_FAILED
    else { return nil }
    pointer = UnsafeRawPointer(base)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: pointer), Self.byteCount) }
}
