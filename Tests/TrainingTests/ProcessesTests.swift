import Foundation
import NN
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training

/// Random rows; two layers learn to copy part of them, a third one is never used.
private struct Rows: BatchSource {
  let count = 24

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> Tensor {
    Tensor.concatenate(random.indices.map { random[$0].normal([1, 6]) }, axis: 0)
  }
}

private struct Copying: Objective {
  let first, second: Linear
  let groups: [ParameterGroup]
  var isMeanOfExamples = true

  func loss(_ x: Tensor, random: inout [ExampleRandom]) -> Tensor {
    (second(first(x).applying(.silu)) - x.slice(axis: 1, from: 0, count: 2)).squared.mean()
  }
}

private struct Recorder: Artifact {
  let onWrite: @Sendable () -> Void

  func write(step: Int, isLast: Bool) -> [URL] {
    onWrite()
    return []
  }
}

/// A run shared by several processes learns what one alone does, and its state is anybody's.
@Suite struct ProcessesTests {
  private struct Outcome: Sendable {
    var weights: [[Float]] = []
    var losses: [Double] = []
    var writes = 0
    var error: String?
  }

  private static func settings(_ optimizer: OptimizerName, batch: Int = 8, accumulate: Int = 1) throws -> LoopSettings {
    let json = """
      {"steps": 10, "batch": \(batch), "accumulate": \(accumulate), "learning_rate": 0.02, "optimizer": "\(optimizer.rawValue)",
       "average_decay": 0.9, "seed": 5, "log_every": 1, "save_every": 3, "sample_every": 100}
      """
    return try JSONDecoder().decode(LoopSettings.self, from: Data(json.utf8))
  }

  /// Trains in `folder`; processes that do not lead have folders of their own.
  /// - Parameter stopAt: the step after which process 0 is asked to stop.
  private func train(
    _ processes: Int, in folder: URL, _ settings: LoopSettings, stopAt: Int? = nil, isMean: Bool = true
  ) -> [Outcome] {
    let outcomes = Mutex([Outcome](repeating: Outcome(), count: processes))
    let world = ThreadProcesses(processes)
    world.run { communicator in
      var outcome = Outcome()
      let writes = Mutex(0)
      do {
        let scratch = try ScratchFolder()
        // Each draws other weights to begin with: the leader's count.
        let store = ParameterStore(
          RandomInitialization(seed: 2 + UInt64(communicator.rank)), isTrainable: { _ in true })
        let layers = [
          Linear(store.root.first, 6, 10), Linear(store.root.second, 10, 2), Linear(store.root.idle, 3, 5),
        ]
        let objective = Copying(
          first: layers[0], second: layers[1], groups: [ParameterGroup("layers", store.parameters)],
          isMeanOfExamples: isMean)
        var steps = 0
        let context = RunContext(
          shouldStop: {
            steps += 1
            return communicator.leads && steps == stopAt
          }, communicator: communicator)
        let result = try TrainingRun(
          settings, in: RunFolder(communicator.leads ? folder : scratch.url), identity: RunIdentity(of: settings),
          source: Rows(), objective: objective, artifact: Recorder { writes.withLock { $0 += 1 } }, context
        ).run()
        outcome.losses = result.meanLosses
        outcome.weights = store.parameters.map { $0.value.floats() }
      } catch { outcome.error = "\(error)" }
      outcome.writes = writes.withLock { $0 }
      let finished = outcome
      outcomes.withLock { $0[communicator.rank] = finished }
    }
    return outcomes.withLock { $0 }
  }

  @Test(arguments: OptimizerName.allCases, [(8, 1), (2, 4), (6, 1)])
  func anyNumberOfProcessesLearnsTheSame(_ optimizer: OptimizerName, _ shape: (batch: Int, accumulate: Int)) throws {
    let settings = try Self.settings(optimizer, batch: shape.batch, accumulate: shape.accumulate)
    let alone = try ScratchFolder()
    let one = train(1, in: alone.url, settings)[0]
    #expect(one.error == nil && Set(one.losses).count == 10)
    for count in [2, 3, 4] {
      let folder = try ScratchFolder()
      let all = train(count, in: folder.url, settings)
      for (rank, outcome) in all.enumerated() {
        let name = "\(optimizer) \(shape) process \(rank) of \(count)"
        #expect(outcome.error == nil, "\(name)")
        #expect(outcome.writes == (rank == 0 ? 1 : 0), "\(name): the leader alone writes")
        #expect(outcome.weights == all[0].weights, "\(name): the same weights everywhere, to the bit")
        // The same sums in another order: a few units in the last place a step, through AdamW's quotient and Lion's sign.
        let limit: Float = optimizer == .lion ? 2e-3 : 1e-4
        expectClose(outcome.losses.map { Float($0) }, one.losses.map { Float($0) }, atol: limit, "\(name): losses")
        for (a, b) in zip(outcome.weights, one.weights) { expectClose(a, b, atol: limit * 10, "\(name): weights") }
      }
    }
  }

  /// What has no gradient anywhere stays as it was: weight decay does not touch it, as in one process.
  @Test func unusedWeightsStay() throws {
    let folder = try ScratchFolder()
    let all = train(2, in: folder.url, try Self.settings(.adamW))
    let store = ParameterStore(RandomInitialization(seed: 2), isTrainable: { _ in true })
    _ = [Linear(store.root.first, 6, 10), Linear(store.root.second, 10, 2), Linear(store.root.idle, 3, 5)]
    let fresh = store.parameters.map { $0.value.floats() }
    #expect(all[1].weights[4] == fresh[4] && all[1].weights[0] != fresh[0])
  }

  @Test(arguments: OptimizerName.allCases) func aStateIsAnybodys(_ optimizer: OptimizerName) throws {
    let settings = try Self.settings(optimizer)
    let whole = try ScratchFolder()
    let uninterrupted = train(4, in: whole.url, settings)[0]
    for count in [1, 2, 4] {
      let folder = try ScratchFolder()
      let first = train(4, in: folder.url, settings, stopAt: 5)
      #expect(first.allSatisfy { $0.error == nil && $0.losses.count == 5 }, "all stop when one is asked to")
      let resumed = train(count, in: folder.url, settings)
      #expect(resumed.allSatisfy { $0.error == nil && $0.losses.count == 5 })
      for (a, b) in zip(resumed[0].weights, uninterrupted.weights) {
        if count == 4 { #expect(a == b, "as many processes: the same bits") }
        expectClose(a, b, atol: optimizer == .lion ? 2e-2 : 1e-3, "resumed by \(count)")
      }
      if count == 4 {
        let states = try [whole, folder].map {
          try Data(contentsOf: $0.url.appendingPathComponent("state.safetensors"))
        }
        #expect(states[0] == states[1], "moments and averages too")
      }
    }
  }

  @Test func whatCannotBeSharedIsRefused() throws {
    let folder = try ScratchFolder()
    let few = train(3, in: folder.url, try Self.settings(.adamW, batch: 2))
    #expect(few.allSatisfy { $0.error?.contains("too few examples a step for 3 processes") ?? false })
    let compared = train(2, in: folder.url, try Self.settings(.adamW), isMean: false)
    #expect(compared.allSatisfy { $0.error?.contains("run it as one") ?? false })
  }
}
