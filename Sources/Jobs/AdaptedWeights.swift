import Adapters
import Checkpoints
import ModelFiles
import TensorCore

/// A model's weights with adapters folded in, as `ModelWriter` takes them.
public struct AdaptedWeights {
  /// Gives a weight: in float32 where an adapter changes it, so that the writer rounds it once, else bit for bit.
  public let provide: ModelWriter.Provider
  /// How each adapter matched, a line each.
  public let notes: [String]

  /// Throws for a text that names no adapter.
  public static func check(_ argument: String) throws { _ = try AdapterRequest(argument: argument) }

  /// - Parameters:
  ///   - arguments: `PATH`, `PATH:WEIGHT` or `PATH:WEIGHT:TEXT-ENCODER-WEIGHT` each.
  ///   - base: gives the weights adapters are added to; the files' own by default.
  /// - Throws: `AdapterError` if one matches nothing.
  public init(
    _ arguments: [String], of files: PipelineFiles, over base: ModelWriter.Provider? = nil
  ) throws {
    let requests = try arguments.map { try AdapterRequest(argument: $0) }
    let merger = try AdapterMerger(requests, networks: files.sources.mapValues { $0 })
    let changed = merger.changedNetworks.map { ($0, Set(merger.changedKeys(of: $0))) }
    let keys = Dictionary(uniqueKeysWithValues: changed)
    let base = base ?? files.raw
    provide = { part, key in
      let raw = try base(part, key)
      guard keys[part]?.contains(key) == true else { return raw }
      return RawTensor(merger.merged(key, of: part, base: raw.tensor(), precision: .float32))
    }
    notes = merger.reports.flatMap(\.lines)
  }
}
