import Foundation
import NN
import TensorCore
import Testing
import Training

/// Random rows; a linear layer learns to copy part of them.
private struct Rows: BatchSource {
  let count = 10

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> Tensor {
    Tensor.concatenate(random.indices.map { random[$0].normal([1, 3]) }, axis: 0)
  }
}

private struct Copying: Objective {
  let layer: Linear
  let groups: [ParameterGroup]
  /// Called with each batch's loss, which it may change.
  let spoil: (Tensor) -> Tensor

  func loss(_ x: Tensor, random: inout [ExampleRandom]) -> Tensor {
    spoil((layer(x) - x.slice(axis: 1, from: 0, count: 2)).squared.mean())
  }
}

/// Counts what it is asked for.
private final class Recorder: Artifact {
  var previews: [Int] = []
  var writes: [String] = []
  /// A step at which it is told to stop before it has drawn anything, once.
  var stopsAt: Int?

  func preview(step: Int) throws -> [URL] {
    if step == stopsAt {
      stopsAt = nil
      throw RunStopped()
    }
    previews.append(step)
    return []
  }

  func hasPreview(step: Int) -> Bool { previews.contains(step) }

  func write(step: Int, isLast: Bool) -> [URL] {
    writes.append("\(step)\(isLast ? " last" : "")")
    return []
  }

  var averageLimit = 1

  func write(average number: Int, step: Int, isLast: Bool) -> [URL] {
    writes.append("\(step) average \(number)")
    return []
  }
}

@Suite struct TrainingRunTests {
  private func settings(_ extra: String = "") throws -> LoopSettings {
    let json = """
      {"steps": 12, "batch": 4, "learning_rate": 0.05, "warmup_steps": 3, "decay": "cosine",
       "average_decay": 0.9, "seed": 5, "log_every": 2, "save_every": 3, "sample_every": 100\(extra)}
      """
    return try JSONDecoder().decode(LoopSettings.self, from: Data(json.utf8))
  }

  /// - Returns: the weights at the end, averages not taken.
  @discardableResult
  private func run(
    _ folder: URL, _ settings: LoopSettings, stopAfter: Int? = nil, spoilAt: Int? = nil,
    artifact: any Artifact = Recorder(), room: RunRoom = RunRoom()
  ) throws -> [[Float]] {
    let store = ParameterStore(RandomInitialization(seed: 2), isTrainable: { _ in true })
    let layer = Linear(store.root.layer, 3, 2)
    var (calls, finished) = (0, 0)
    let objective = Copying(layer: layer, groups: [ParameterGroup("layer", store.parameters)]) { loss in
      calls += 1
      return calls - 1 == spoilAt ? loss * Float.nan : loss
    }
    let context = RunContext(
      shouldStop: {
        finished += 1
        return finished == stopAfter
      }, room: room)
    try TrainingRun(
      settings, in: RunFolder(folder), identity: RunIdentity(of: settings), source: Rows(), objective: objective,
      artifact: artifact, context
    ).run()
    return store.parameters.map { $0.value.floats() }
  }

  private func state(_ folder: URL) -> URL { folder.appendingPathComponent("state.safetensors") }

  @Test(arguments: OptimizerName.allCases) func resumesToTheSameBits(_ optimizer: OptimizerName) throws {
    let settings = try settings(", \"optimizer\": \"\(optimizer.rawValue)\"")
    let (whole, parts) = (try ScratchFolder(), try ScratchFolder())
    let uninterrupted = try run(whole.url, settings)
    try run(parts.url, settings, stopAfter: 5)
    let resumed = try run(parts.url, settings)
    #expect(resumed == uninterrupted)
    let states = try [whole, parts].map { try Data(contentsOf: state($0.url)) }
    #expect(states[0] == states[1], "moments, averages and counters too")
  }

  /// A run that is told to stop while it draws stops there, draws when it goes on, and ends in the same bits.
  @Test(arguments: [0, 4, 6, 12]) func picturesThatWereLeftAreDrawnWhenTheRunGoesOn(_ step: Int) throws {
    var settings = try settings()
    settings.sampleEvery = 2
    let (whole, parts) = (try ScratchFolder(), try ScratchFolder())
    let uninterrupted = try run(whole.url, settings)
    let artifact = Recorder()
    artifact.stopsAt = step
    try run(parts.url, settings, artifact: artifact)
    #expect(artifact.previews == Array(stride(from: 0, to: step, by: 2)) && artifact.writes.isEmpty)
    #expect(FileManager.default.fileExists(atPath: state(parts.url).path) == (step > 0))
    let resumed = try run(parts.url, settings, artifact: artifact)
    #expect(resumed == uninterrupted && artifact.previews == [0, 2, 4, 6, 8, 10, 12] && artifact.writes == ["12 last"])
  }

  /// Numbers belong to examples: two batches of 4 gathered make the step that one of 8 makes.
  @Test func gatheredBatchesLearnWhatOneLargeOneDoes() throws {
    var (gathered, large) = (try settings(), try settings())
    gathered.accumulate = 2
    large.batch = 8
    let results = try [gathered, large].map { settings in
      let folder = try ScratchFolder()
      return try run(folder.url, settings)
    }
    // The same sums in another order: a few units in the last place of float32 a step, through AdamW's quotient.
    for (a, b) in zip(results[0].joined(), results[1].joined()) { #expect(abs(a - b) < 1e-4) }
    let folder = try ScratchFolder()
    let other = try run(folder.url, settings())
    #expect(
      zip(other.joined(), results[0].joined()).contains { abs($0 - $1) > 1e-3 },
      "half the examples learn something else")
  }

  @Test func aStateOfAnotherRecipeIsRefusedByTheKeyThatDiffers() throws {
    let folder = try ScratchFolder()
    try run(folder.url, settings(), stopAfter: 4)
    var other = try settings()
    other.learningRate = 0.04
    #expect {
      try run(folder.url, other)
    } throws: { error in
      "\(error)".contains("learning_rate was 0.05") && "\(error)".contains("is now 0.04")
    }
  }

  @Test(arguments: ["-1", "13", "x"]) func aStateOfAnImpossibleStepIsRefused(_ step: String) throws {
    let folder = try ScratchFolder()
    try run(folder.url, settings(), stopAfter: 4)
    let url = state(folder.url)
    var data = try Data(contentsOf: url)
    // The same length, so that the header's size stays right.
    let old = "\"step\":\"4\""
    let new = "\"step\":\"\(step)\""
    guard let range = data.range(of: Data(old.utf8)) else {
      Issue.record("the state has no step")
      return
    }
    data.replaceSubrange(range, with: Data(new.utf8))
    if new.utf8.count != old.utf8.count {
      var length = data.prefix(8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
      length += UInt64(new.utf8.count - old.utf8.count)
      data.replaceSubrange(0..<8, with: withUnsafeBytes(of: length) { Data($0) })
    }
    try data.write(to: url)
    #expect(throws: (any Error).self) { try run(folder.url, settings()) }
  }

  @Test func notANumberStopsTheRunAndKeepsTheLastGoodState() throws {
    let folder = try ScratchFolder()
    #expect(
      throws: TrainingError.nonFinite(step: 7, tensor: "the loss", lastGood: state(folder.url).path)
    ) { try run(folder.url, settings(), spoilAt: 7) }
    let resumed = try run(folder.url, settings())
    let clean = try run(try ScratchFolder().url, settings())
    #expect(resumed == clean, "what was saved before the bad step was good")
  }

  @Test func aRunThatCannotLearnEndsWithAWord() throws {
    let folder = try ScratchFolder()
    let store = ParameterStore(RandomInitialization(seed: 2), isTrainable: { _ in true })
    let layer = Linear(store.root.layer, 3, 2)
    let objective = Copying(layer: layer, groups: [ParameterGroup("layer", store.parameters)]) { $0.detached }
    #expect {
      try TrainingRun(
        settings(), in: RunFolder(folder.url), identity: RunIdentity(of: settings()), source: Rows(),
        objective: objective, artifact: Recorder()
      ).run()
    } throws: { "\($0)".contains("nothing would be learnt") }
  }

  /// Killed between the last state and the result, a run writes its result when it is started again.
  @Test func aFinishedRunWritesItsResultAgain() throws {
    let folder = try ScratchFolder()
    let (first, second) = (Recorder(), Recorder())
    var settings = try settings()
    settings.writeEvery = 5
    try run(folder.url, settings, artifact: first)
    #expect(first.writes == ["5", "10", "12 last"] && first.previews == [0, 12])
    try run(folder.url, settings, artifact: second)
    #expect(second.writes == ["12 last"] && second.previews == [12])
  }

  /// Two averages give two results; a run that can write only one says so at its start.
  @Test func eachAverageGivesAResult() throws {
    let folder = try ScratchFolder()
    let text = try String(decoding: JSONEncoder().encode(settings()), as: UTF8.self)
      .replacingOccurrences(of: #""average_decay":0.9"#, with: #""average_lengths":[0.05,0.1],"write_every":5"#)
    var settings = try JSONDecoder().decode(LoopSettings.self, from: Data(text.utf8))
    #expect(settings.averages.count == 2 && settings.problem == nil)
    let recorder = Recorder()
    #expect {
      try run(folder.url, settings, artifact: recorder)
    } throws: { "\($0)".contains("loop.average_lengths must be one") }
    recorder.averageLimit = 2
    try run(folder.url, settings, artifact: recorder)
    #expect(recorder.writes == ["5", "5 average 2", "10", "10 average 2", "12 last", "12 average 2"])
    settings.averageDecay = 0.9
    #expect(settings.problem?.key == "loop.average_lengths")
    (settings.averageDecay, settings.averageLengths) = (nil, [0.3])
    #expect(settings.problem?.key == "loop.average_lengths")
  }

  /// 8 numbers, their two moments and an average, 4 bytes each: 128 a state, of which the new one lies beside the old.
  @Test func aDiskWithoutRoomForTheStatesIsSaidBeforeTheFirstStep() throws {
    let folder = try ScratchFolder()
    func room(_ bytes: Double) -> RunRoom { RunRoom(disk: { _ in bytes }) }
    let recorder = Recorder()
    #expect(
      throws: TrainingError.badFolder(
        path: folder.url.path,
        reason: "the run's states need 1 MB, 0 MB of the disk are free: make room, or name another folder")
    ) { try run(folder.url, settings(), artifact: recorder, room: room(255)) }
    #expect(recorder.previews.isEmpty && !FileManager.default.fileExists(atPath: state(folder.url).path))
    try run(folder.url, settings(), stopAfter: 5, room: room(256))
    // One is there.
    #expect(throws: TrainingError.self) { try run(folder.url, settings(), room: room(127)) }
    let resumed = try run(folder.url, settings(), room: room(128))
    #expect(try resumed == run(try ScratchFolder().url, settings(), room: RunRoom(disk: { _ in nil })))
  }

  /// A disk that is full in the middle of a line, a picture or a result: what is there stays, and the run goes on to the same
  /// end once there is room.
  @Test func whatAFullDiskCutShortIsMadeAgain() throws {
    struct Full: Error {}
    final class Filling: Artifact {
      func preview(step: Int) throws -> [URL] { if step == 12 { throw Full() } else { [] } }
      func write(step: Int, isLast: Bool) -> [URL] { [] }
    }
    let folder = try ScratchFolder()
    #expect(throws: Full.self) { try run(folder.url, settings(), artifact: Filling()) }
    let log = folder.url.appendingPathComponent("log.jsonl")
    let lines = try String(contentsOf: log, encoding: .utf8)
    try Data((lines + "{\"step\": 14, \"lo").utf8).write(to: log)
    let recorder = Recorder()
    let resumed = try run(folder.url, settings(), artifact: recorder)
    #expect(recorder.writes == ["12 last"])
    #expect(try String(contentsOf: log, encoding: .utf8) == lines, "the half line is gone, the others are there")
    #expect(try resumed == run(try ScratchFolder().url, settings()))
  }

  @Test func twoProcessesDoNotTrainInOneFolder() throws {
    let folder = try ScratchFolder()
    let held = try RunFolder(folder.url)
    #expect(throws: TrainingError.self) { _ = try RunFolder(folder.url) }
    _ = held
  }

  /// A run that is refused leaves nothing behind, one that wrote something all of it.
  @Test func aFolderThatWasMadeForNothingGoes() throws {
    let parent = try ScratchFolder()
    let folder = parent.url.appendingPathComponent("run")
    func files() -> [String]? { try? FileManager.default.contentsOfDirectory(atPath: folder.path) }
    do {
      let held = try RunFolder(folder)
      #expect(files() == [".lock"])
      _ = held
    }
    #expect(files() == nil)
    do {
      let held = try RunFolder(folder)
      try Data().write(to: held.log)
    }
    #expect(files().map(Set.init) == [".lock", "log.jsonl"])
    try FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do { _ = try RunFolder(folder) }
    #expect(files() == [".lock"], "a folder that was there stays")
  }

  @Test func learningRateWarmsUpAndDecays() {
    let rate = LearningRate(peak: 1, warmupSteps: 4, totalSteps: 14, decay: .cosine, floor: 0.1)
    #expect(abs(rate.rate(at: 0) - 0.25) < 1e-12 && abs(rate.rate(at: 3) - 1) < 1e-12)
    // Half way down the cosine: the middle between peak and floor.
    #expect(abs(rate.rate(at: 9) - 0.55) < 1e-12 && abs(rate.rate(at: 14) - 0.1) < 1e-12)
  }

  /// Rates that transformers 5.24 gives after 2 steps of warm-up of 20: `get_cosine_with_hard_restarts_schedule_with_warmup` with 3
  /// cycles, `get_polynomial_decay_schedule_with_warmup` to 0 with a power of 2.
  @Test func ratesAreThoseOfTransformers() {
    let fall = [1, 0.933013, 0.75, 0.5, 0.25, 0.066987]
    let cases: [(LearningRate.Decay, [Double])] = [
      (.restarts, fall + fall + fall + [0]),
      (
        .polynomial,
        [
          1, 0.891975, 0.790123, 0.694444, 0.604938, 0.521605, 0.444444, 0.373457, 0.308642, 0.25, 0.197531, 0.151235,
          0.111111, 0.07716, 0.049383, 0.027778, 0.012346, 0.003086, 0,
        ]
      ),
    ]
    for (decay, expected) in cases {
      let rate = LearningRate(peak: 1, warmupSteps: 2, totalSteps: 20, decay: decay, cycles: 3, power: 2)
      #expect(expected.count == 19)
      for (index, value) in expected.enumerated() {
        #expect(abs(rate.rate(at: index + 2) - value) < 1e-6, "\(decay) at \(index + 2)")
      }
    }
  }
}
