import Checkpoints
import Files
import Foundation
import TensorCore

/// Encoded pictures, their captions and what is known of them, made once and kept in a folder: training reads them
/// instead of the pictures.
///
/// The folder holds shards of equal size, each a safetensors file that appears when it is whole, so an interrupted
/// start goes on with what is missing, and several processes share the work. They stay mapped: what is not read takes
/// no memory.
public struct LatentCache: Sendable {
  /// `[n, h, w, C]` each, stored as f16, scaled for diffusion.
  private let shards: [Tensor]
  private let rowsPerShard: Int
  public let captions: [String]
  /// One for each picture, or none where nothing is known.
  package let truths: [SceneTruth]

  public var count: Int { captions.count }
  public var latentShape: [Int] { Array(shards[0].shape[1...]) }

  /// The latents of some examples, float32.
  public func batch(_ indices: [Int]) -> Tensor {
    Tensor.concatenate(
      indices.map { shards[$0 / rowsPerShard].slice(axis: 0, from: $0 % rowsPerShard, count: 1) }, axis: 0
    ).cast(to: .f32)
  }

  /// Classes of things and of hands among the truths.
  var classes: (things: Int, hands: Int) {
    ((truths.map(\.thing).max() ?? -1) + 1, (truths.map(\.hand).max() ?? -1) + 1)
  }
}

extension LatentCache {
  /// What a shard holds.
  package struct Shard {
    /// `[n, h, w, C]`.
    package var latents: Tensor
    package var captions: [String]
    /// One for each picture, or none.
    package var truths: [SceneTruth]

    package init(latents: Tensor, captions: [String], truths: [SceneTruth]) {
      (self.latents, self.captions, self.truths) = (latents, captions, truths)
    }
  }

  /// Opens the cache in a folder and makes the shards that are missing and that no other process makes; those it waits
  /// for.
  /// - Parameters:
  ///   - count: pictures in all, at least one.
  ///   - identity: what decides the latents.
  ///   - rows: pictures of a shard.
  ///   - shouldStop: asked while others' shards are waited for.
  ///   - make: encodes some pictures; nil to stop, which leaves what is finished.
  ///   - note: told what is made again.
  /// - Returns: nil if it was stopped.
  /// - Throws: `noData` if the folder's shards were made from something else, with what differs.
  package static func open(
    _ folder: URL, count: Int, identity: RunIdentity, rows: Int = 2048, note: (String) -> Void,
    shouldStop: () -> Bool = { false }, make: (Range<Int>) throws -> Shard?
  ) throws -> LatentCache? {
    var isFolder: ObjCBool = true
    if FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), !isFolder.boolValue {
      throw TrainingError.noData(
        path: folder.path, reason: "is a file; latents are kept in a folder now: remove it, or name another cache")
    }
    try RunFiles.makeFolder(folder)
    var found: [Int: Shard] = [:]
    struct Stopped: Error {}
    func complete(_ number: Int) throws {
      let range = number * rows..<min((number + 1) * rows, count)
      let url = folder.appendingPathComponent(String(format: "shard-%05d.safetensors", number))
      var shard = try read(url, identity, rows: range.count, note)
      if shard == nil {
        guard let made = try make(range) else { throw Stopped() }
        try write(made, to: url, identity)
        shard = try read(url, identity, rows: range.count, note)
      }
      guard let shard else { throw TrainingError.noData(path: url.path, reason: "cannot be read back") }
      found[number] = shard
    }
    let numbers = Array(0..<(count + rows - 1) / rows)
    do {
      if let claims = FileClaims(folder.appendingPathComponent(".claims")) {
        try claims.forEach(numbers, number: { $0 }, waiting: { if shouldStop() { throw Stopped() } }, complete)
      } else {
        try numbers.forEach(complete)
      }
    } catch is Stopped {
      return nil
    }
    let shards = numbers.compactMap { found[$0] }
    let (captions, truths) = (shards.flatMap(\.captions), shards.flatMap(\.truths))
    return LatentCache(
      shards: shards.map(\.latents), rowsPerShard: rows, captions: captions,
      truths: truths.count == captions.count ? truths : [])
  }

  private static func write(_ shard: Shard, to url: URL, _ identity: RunIdentity) throws {
    var tensors = [("latents", shard.latents.cast(to: .f16))]
    if !shard.truths.isEmpty {
      tensors.append(
        ("truths", Tensor(shard.truths.flatMap(\.row), shape: [shard.truths.count, SceneTruth.width])))
    }
    let captions = shard.captions.map { $0.replacingOccurrences(of: "\n", with: " ") }
    try TensorFile.write(
      tensors, to: url, metadata: ["identity": identity.text, "captions": captions.joined(separator: "\n")])
  }

  /// The first `rows` of a finished shard; nil if there is none, if it has fewer, or if it is damaged.
  private static func read(
    _ url: URL, _ identity: RunIdentity, rows: Int, _ note: (String) -> Void
  ) throws -> Shard? {
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    func damaged(_ reason: String) -> Shard? {
      note("\(url.path) is damaged (\(reason)) and is made again")
      return nil
    }
    let file: TensorFile
    do { file = try TensorFile(url) } catch { return damaged("\(error)") }
    guard let known = file.metadata["identity"], let text = file.metadata["captions"] else {
      return damaged("it does not say what it is made of")
    }
    if let difference = identity.difference(from: RunIdentity(text: known)) {
      throw TrainingError.noData(
        path: url.deletingLastPathComponent().path,
        reason: "its latents were made from something else: \(difference); remove the folder, or name another cache")
    }
    let captions = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let latents = try? file.floatTensor("latents"), latents.rank == 4, latents.shape[0] == captions.count else {
      return damaged("its tensors do not go with its captions")
    }
    guard captions.count >= rows else { return nil }
    var truths: [SceneTruth] = []
    if let table = file.optionalTensor("truths") {
      let (values, width) = (table.floats(), SceneTruth.width)
      truths = stride(from: 0, to: values.count, by: width).compactMap {
        SceneTruth(row: values[$0..<min($0 + width, values.count)])
      }
      guard truths.count == captions.count else { return damaged("its table of truths is none") }
    }
    return Shard(
      latents: latents.slice(axis: 0, from: 0, count: rows), captions: Array(captions.prefix(rows)),
      truths: Array(truths.prefix(rows)))
  }
}
