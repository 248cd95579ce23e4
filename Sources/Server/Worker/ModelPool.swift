import Foundation
import Jobs
import ModelFiles
import Synchronization
import TensorCore

/// Models in memory. One that is asked for is loaded once and stays; those that were not used for longest go when memory asks.
///
/// Loads on the worker's thread alone; what is loaded may be asked from any.
package final class ModelPool: Sendable {
  /// A model and the times of its files, which say whether it is still what they hold.
  private struct Place {
    let choice: ModelChoice
    let stamps: [Date?]
    let loaded: LoadedPipeline
  }

  /// The least recently used first.
  private let places = Mutex<[Place]>([])
  private let locator: ModelLocator
  /// Bytes the process may have with several models; nil for as much as there is.
  private let limit: Int?
  private let loader: @Sendable (ModelChoice, ModelLocator) throws -> LoadedPipeline

  package init(
    _ locator: ModelLocator, limit: Int?,
    loader: @escaping @Sendable (ModelChoice, ModelLocator) throws -> LoadedPipeline = {
      try LoadedPipeline($0, locator: $1)
    }
  ) {
    (self.locator, self.limit, self.loader) = (locator, limit, loader)
  }

  /// The model of a choice.
  package func load(_ choice: ModelChoice) throws -> LoadedPipeline {
    let stamps = stamps(of: choice)
    let known = places.withLock { places -> LoadedPipeline? in
      // What changed on disk is loaded again.
      places.removeAll { $0.choice == choice && $0.stamps != stamps }
      guard let index = places.firstIndex(where: { $0.choice == choice }) else { return nil }
      places.append(places.remove(at: index))
      return places.last?.loaded
    }
    if let known { return known }
    makeRoom(for: weight(of: choice))
    let loaded: LoadedPipeline
    do {
      loaded = try loader(choice, locator)
    } catch {
      // An error is told again as fast as it came: nothing is kept.
      Processor.releaseCachedMemory()
      throw error
    }
    places.withLock { $0.append(Place(choice: choice, stamps: stamps, loaded: loaded)) }
    return loaded
  }

  /// Lets go of all models but one.
  /// - Returns: whether there were others.
  package func releaseOthers(than choice: ModelChoice?) -> Bool {
    let dropped = places.withLock { places -> Int in
      let before = places.count
      places.removeAll { $0.choice != choice }
      return before - places.count
    }
    Processor.releaseCachedMemory()
    return dropped > 0
  }

  /// Lets go of all models.
  func releaseAll() { _ = releaseOthers(than: nil) }

  /// Names or paths of the models that are loaded.
  var loaded: Set<String> {
    places.withLock { Set($0.map { $0.choice.model ?? ModelLocator.defaultPipeline }) }
  }

  /// Drops the least used models until a new one has room.
  private func makeRoom(for bytes: Int) {
    func isTight() -> Bool {
      let used = (MachineMemory.used() ?? 0) + bytes
      if let limit, used > limit { return true }
      return MachineMemory.available().map { $0 < bytes } ?? false
    }
    while isTight() {
      let isEmpty = places.withLock { places in
        if !places.isEmpty { places.removeFirst() }
        return places.isEmpty
      }
      Processor.releaseCachedMemory()
      if isEmpty { return }
    }
  }

  /// Bytes of a model's weights as they lie on disk; about what they take in memory.
  private func weight(of choice: ModelChoice) -> Int {
    guard let (_, url) = try? locator.pipeline(choice.model) else { return 0 }
    let manager = FileManager.default
    func bytes(_ path: String) -> Int {
      let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      return (try? manager.attributesOfItem(atPath: real)[.size] as? Int) ?? 0
    }
    guard let files = manager.enumerator(atPath: url.path) else { return bytes(url.path) }
    let sizes = files.compactMap { $0 as? String }.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".bin") }
      .map { bytes(url.appendingPathComponent($0).path) }
    return sizes.isEmpty ? bytes(url.path) : sizes.reduce(0, +)
  }

  /// When the files a choice names last changed.
  private func stamps(of choice: ModelChoice) -> [Date?] {
    let model = (try? locator.pipeline(choice.model))?.folder.path
    let paths = [model, choice.vae].compactMap { $0 } + choice.embeddings + choice.loras.map(Self.path)
    return paths.map { path in
      try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    }
  }

  /// The file of `PATH:WEIGHT`.
  private static func path(_ adapter: String) -> String {
    var path = adapter
    while let end = path.lastIndex(of: ":"), Float(path[path.index(after: end)...]) != nil {
      path = String(path[..<end])
    }
    return path
  }
}
