import Foundation
import Images
import Testing
import Training

/// What a fine-tuning run says of a machine that has no room for it.
@Suite struct FineTuningRoomTests {
  private let scratch: ScratchFolder
  private var folder: URL { scratch.url }

  init() throws { scratch = try ScratchFolder() }

  /// A small LoRA of the bundled model on two pictures, and one that is too small for it.
  private func recipe() throws -> FineTuningRecipe {
    let place = folder.appendingPathComponent("pictures")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    for (index, side) in [64, 64, 12].enumerated() {
      let pixels = (0..<(side * side * 3)).map { UInt8(($0 / 3 / (index + 2)) % 256) }
      try ImageFile.save(
        Image(width: side, height: side, channels: 3, pixels: pixels), to: place.appendingPathComponent("\(index).png"))
    }
    var pictures = PictureSettings(path: place.path)
    (pictures.trigger, pictures.resolution) = ("ramps", 128)
    var recipe = FineTuningRecipe(
      name: "ramps", pictures: pictures, precision: .f32,
      output: folder.appendingPathComponent("ramps.safetensors").path,
      loop: LoopSettings(steps: 1, batch: 1, learningRate: 1e-3))
    (recipe.adapter.rank, recipe.adapter.targets) = (2, .attention)
    (recipe.samples.prompts, recipe.samples.steps) = (["ramps"], 1)
    return recipe
  }

  /// - Returns: what the run throws, in a line; nil if it ends well.
  private func refusal(
    _ recipe: FineTuningRecipe, _ room: RunRoom, note: @escaping (String) -> Void = { _ in }
  ) -> String? {
    let context = RunContext(onEvent: { if case .note(let line) = $0 { note(line) } }, room: room)
    do {
      try recipe.run(in: folder.appendingPathComponent("run"), context)
      return nil
    } catch { return "\(error)" }
  }

  private func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
  }

  @Test func memoryThatCannotHoldTheTrainingIsSaidFirst() throws {
    var recipe = try recipe()
    var notes: [String] = []
    let line = try #require(refusal(recipe, RunRoom(memory: { 1_000_000 })) { notes.append($0) })
    #expect(notes.contains("2 pictures, 1 skipped, 2 examples an epoch"), "\(notes)")
    #expect(notes.contains { $0.hasPrefix("skipped 2.png: is 12×12") }, "\(notes)")
    let small = "smaller than 128×128 and learnt at their own size: 2 pictures"
    #expect(notes.contains { $0.hasPrefix(small) }, "\(notes)")
    #expect(line.contains(/`resolution` 128: needs about 0\.\d GB more memory, 0\.0 GB are free/), "\(line)")
    #expect(line.contains("a smaller `resolution` or `batch`, or `checkpointing`") && !line.contains("\n"))
    // Advice that is taken already is not given.
    recipe.recomputes = true
    let other = try #require(refusal(recipe, RunRoom(memory: { 1_000_000 })))
    #expect(other.hasSuffix("a smaller `resolution` or `batch`"), "\(other)")
    #expect(!exists("ramps.safetensors") && !exists("run/state.safetensors") && !exists("run/samples-0.png"))
  }

  @Test func aDiskThatCannotHoldTheStatesIsSaidAndTheRunGoesOnWhenItCan() throws {
    let recipe = try recipe()
    let line = try #require(refusal(recipe, RunRoom(disk: { _ in 1000 })))
    #expect(line.contains("/run: the run's states need 1 MB, 0 MB of the disk are free: make room"), "\(line)")
    #expect(!exists("ramps.safetensors") && !exists("run/state.safetensors"))
    // What was encoded is kept.
    let cache = folder.appendingPathComponent("run/cache").path
    let kept = try FileManager.default.contentsOfDirectory(atPath: cache).count
    #expect(refusal(recipe, RunRoom()) == nil && exists("ramps.safetensors"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: cache).count == kept && kept > 2)
  }
}
