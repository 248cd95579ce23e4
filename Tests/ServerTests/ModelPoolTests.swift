import Foundation
import Jobs
import ModelFiles
import PipelineSupport
import Server
import Synchronization
import Testing

/// Models stay in memory while there is room for them.
@Suite struct ModelPoolTests {
  private func choice(_ model: String, variant: String? = nil) -> ModelChoice {
    var job = PictureJob()
    (job.model, job.variant, job.precision) = (model, variant, .f32)
    return ModelChoice(job)
  }

  @Test func theLeastUsedGoes() throws {
    let place = try TestServer.Place()
    let loads = Mutex<[String]>([])
    let loader: @Sendable (ModelChoice, ModelLocator) throws -> LoadedPipeline = { choice, locator in
      loads.withLock { $0.append(choice.variant ?? "plain") }
      var plain = choice
      plain.variant = nil
      return try LoadedPipeline(plain, locator: locator)
    }
    let roomy = ModelPool(place.locator, limit: nil, loader: loader)
    for variant in [nil, "b", nil, "b"] { _ = try roomy.load(choice("sd1_tiny", variant: variant)) }
    #expect(loads.withLock { $0 } == ["plain", "b"])
    #expect(
      roomy.releaseOthers(than: choice("sd1_tiny", variant: "b"))
        && !roomy.releaseOthers(than: choice("sd1_tiny", variant: "b")))
    _ = try roomy.load(choice("sd1_tiny", variant: "b"))
    #expect(loads.withLock { $0 } == ["plain", "b"])
    // The process has more than that already.
    loads.withLock { $0 = [] }
    let tight = ModelPool(place.locator, limit: 1, loader: loader)
    for variant in [nil, nil, "b", nil] { _ = try tight.load(choice("sd1_tiny", variant: variant)) }
    #expect(loads.withLock { $0 } == ["plain", "b", "plain"])
  }

  /// A model whose files changed is loaded again.
  @Test func changedFiles() throws {
    let place = try TestServer.Place()
    let loads = Mutex(0)
    let pool = ModelPool(place.locator, limit: nil) { choice, locator in
      loads.withLock { $0 += 1 }
      return try LoadedPipeline(choice, locator: locator)
    }
    _ = try pool.load(choice("sd1_tiny"))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: place.scratch.model.path)
    _ = try pool.load(choice("sd1_tiny"))
    #expect(loads.withLock { $0 } == 2)
  }
}
