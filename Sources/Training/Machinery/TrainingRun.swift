import Foundation
import NN
import TensorCore

/// Drives one training run, the only place where this is done: batches, gradients, optimiser, log, states, samples,
/// results; resumes where the run's folder left off.
public struct TrainingRun<Source: BatchSource, Goal: Objective> where Source.Batch == Goal.Batch {
  public let settings: LoopSettings
  public let folder: RunFolder
  public let identity: RunIdentity
  let source: Source
  let objective: Goal
  let artifact: any Artifact
  let context: RunContext
  let optimizerSettings: OptimizerSettings
  /// Called with the number of finished steps before the next one, once the state was read and found to fit; false ends the
  /// run there. Of several processes the leader's answer counts.
  public var onStart: (_ done: Int) throws -> Bool = { _ in true }

  /// - Parameters:
  ///   - identity: what decides the result; a state made by another is refused.
  ///   - optimizer: nil for what the settings say.
  public init(
    _ settings: LoopSettings, in folder: RunFolder, identity: RunIdentity, source: Source, objective: Goal,
    artifact: any Artifact, optimizer: OptimizerSettings? = nil, _ context: RunContext = RunContext()
  ) {
    (self.settings, self.folder, self.identity) = (settings, folder, identity)
    (self.source, self.objective, self.context) = (source, objective, context)
    self.artifact = context.communicator.leads ? artifact : NoArtifact()
    optimizerSettings = optimizer ?? settings.optimizerSettings()
  }

  /// What is trained.
  var parameters: [Parameter] { objective.groups.flatMap(\.parameters) }

  /// Runs until the last step, or until it is told to stop.
  /// - Throws: `nonFinite`, `wrongState`, and what the source, objective and artifact throw. The last state stays.
  @discardableResult
  public func run() throws -> RunResult {
    let others = context.communicator
    guard settings.averages.count <= artifact.averageLimit || !others.leads else {
      throw TrainingError.badRecipe(
        path: folder.url.path, reason: "loop.average_lengths must be one: such a run writes one result")
    }
    try checkProcesses(others)
    let exchange = GradientExchange(parameters, others)
    var state = TrainingState(parameters, optimizerSettings, averages: settings.averages, exchange)
    let exists = try state.restore(from: folder.state, identity: identity, steps: settings.steps)
    if exists { context.note("resumed at step \(state.step) from \(folder.state.path)") }
    // A fresh run starts from the leader's weights, whatever drew them.
    if !exists { try exchange.shareLeadersWeights() }
    try context.room.checkDisk(folder.url, stateBytes: state.byteCount(), hasState: exists)
    var goesOn = [try onStart(state.step) && others.leads ? 1.0 : 0]
    try others.sum(&goesOn)
    guard goesOn[0] > 0 else {
      context.note("stopped before step \(state.step + 1); run again to go on")
      return RunResult(steps: state.step, isFinished: false, meanLosses: [])
    }
    let log = try TrainingLog(folder.log, keepingThrough: state.step)
    var loop = RunLoop(run: self, log: log, parameters: state.parameters, exchange: exchange)
    let result = try loop.go(&state, isFresh: !exists)
    return RunResult(steps: state.step, isFinished: state.step == settings.steps, meanLosses: result)
  }

  /// Throws where several processes cannot share the run.
  private func checkProcesses(_ others: any Communicator) throws {
    guard others.size > 1 else { return }
    guard objective.isMeanOfExamples else {
      throw TrainingError.badRecipe(
        path: folder.url.path,
        reason: "compares the examples of a batch with each other, so one process has to see all of them; run it as one"
      )
    }
    let examples = settings.batch * settings.accumulate
    guard examples >= others.size else {
      throw TrainingError.badRecipe(
        path: folder.url.path,
        reason: "loop.batch times loop.accumulate is \(examples): too few examples a step for \(others.size) processes")
    }
  }
}

/// The loop of a run, with what is counted on the way.
private struct RunLoop<Source: BatchSource, Goal: Objective> where Source.Batch == Goal.Batch {
  let run: TrainingRun<Source, Goal>
  let log: TrainingLog
  let parameters: [Parameter]
  let exchange: GradientExchange
  /// Since the last line of the log.
  var (lossSum, count, samples, started) = (0.0, 0, 0, Date())
  var means: [Double] = []
  var lastSave = Date()
  /// What was measured since the last line of the log.
  var gauges: [String: Double]?
  /// Steps one after the other, from the first, in which no parameter had a gradient.
  private var idleSteps: Int? = 0
  private static var idleLimit: Int { 20 }

  init(
    run: TrainingRun<Source, Goal>, log: TrainingLog, parameters: [Parameter], exchange: GradientExchange
  ) {
    (self.run, self.log, self.parameters, self.exchange) = (run, log, parameters, exchange)
  }

  mutating func go(_ state: inout TrainingState, isFresh: Bool) throws -> [Double] {
    let settings = run.settings
    var order = run.source.order(batch: settings.batch, seed: settings.seed)
    let isDue = state.step > 0 && state.step < settings.steps && state.step % settings.sampleEvery == 0
    if isFresh || isDue, try !preview(state, isAgain: !isFresh) {
      run.context.note("stopped before step \(state.step + 1); run again to go on")
      return means
    }
    while state.step < settings.steps {
      let (loss, gradients, examples) = try gradients(of: state.step, &order)
      let norm = try check(loss, gradients, state)
      let rate = settings.schedule.rate(at: state.step)
      try checkLearning(norm, state)
      state.optimizer.step(
        gradients, scale: run.optimizerSettings.clipping(norm: norm), rates: ownRates(rate, state.optimizer))
      try exchange.shareWeights()
      state.step += 1
      for average in state.averages { average.update(parameters, step: state.step) }
      (lossSum, count, samples) = (lossSum + loss, count + 1, samples + examples)
      let isLast = state.step == settings.steps
      try measure(state)
      try tell(state, loss: loss, norm: norm, rate: rate, isLast: isLast)
      var (isStopping, isDue) = try agreed()
      if state.step % settings.saveEvery == 0 || isLast || isStopping || isDue { try save(state) }
      if isLast { break }
      if state.step % settings.sampleEvery == 0, try !preview(state), !isStopping {
        try save(state)
        isStopping = true
      }
      if let every = settings.writeEvery, state.step % every == 0 { try write(state, isLast: false) }
      if isStopping {
        run.context.note("stopped after step \(state.step); run again to go on")
        return means
      }
    }
    // Also when the run was ended between its last state and its result.
    guard try preview(state) else {
      run.context.note("stopped before the result was written; run again to go on")
      return means
    }
    try write(state, isLast: true)
    return means
  }

  /// The learning rates of the parameters this process updates.
  private func ownRates(_ rate: Double, _ optimizer: any Optimizer) -> [Float] {
    let factors = Dictionary(
      run.objective.groups.flatMap { group in group.parameters.map { (ObjectIdentifier($0), group.rateFactor) } },
      uniquingKeysWith: { first, _ in first })
    return optimizer.parameters.map { Float(rate * (factors[ObjectIdentifier($0)] ?? 1)) }
  }

  /// Whether the run is to stop, because any process was asked to, and whether it is time for a state, by the leader's clock.
  private func agreed() throws -> (isStopping: Bool, isDue: Bool) {
    let isDue = Date().timeIntervalSince(lastSave) >= run.settings.saveMinutes * 60
    var numbers = [run.context.shouldStop() ? 1.0 : 0, isDue && run.context.communicator.leads ? 1 : 0]
    try run.context.communicator.sum(&numbers)
    return (numbers[0] > 0, numbers[1] > 0)
  }

  /// The loss of a step, the gradients of the parameters this process updates and the number of examples, over all its batches and
  /// processes.
  private func gradients(of step: Int, _ order: inout any ExampleOrder) throws -> (Double, Gradients, Int) {
    let (settings, others) = (run.settings, run.context.communicator)
    let whole = (0..<settings.accumulate).map { order.batch(step * settings.accumulate + $0) }
    let examples = whole.reduce(0) { $0 + $1.count }
    let batches = WorkShare(others).part(of: whole)
    var loss = 0.0
    var sum: Gradients?
    if exchange.isNeeded, batches.isEmpty { exchange.begin(after: nil) }
    for (number, draws) in batches.enumerated() {
      let travels = exchange.isNeeded && number == batches.count - 1
      if travels { exchange.begin(after: sum) }
      var random = draws.map { ExampleRandom(seed: settings.seed, example: $0.index, epoch: $0.epoch) }
      let batch = try run.source.batch(draws, random: &random)
      let share = Double(draws.count) / Double(examples)
      let onFinal: Tape.OnFinal? = travels ? { [exchange] in exchange.add($1, of: $0) } : nil
      let (value, gradients) = try valueAndGradients(scale: Float(share), onFinal: onFinal) {
        try run.objective.loss(batch, random: &random)
      }
      loss += Double(value.scalar) * share
      if travels { break }
      if sum == nil { sum = gradients } else { sum?.add(gradients, of: parameters) }
    }
    guard exchange.isNeeded else { return (loss, sum ?? Gradients(), examples) }
    let sums = try exchange.finish()
    var losses = [loss]
    try others.sum(&losses)
    return (losses[0], sums, examples)
  }

  /// - Returns: the norm of all gradients.
  /// - Throws: `nonFinite` with the first tensor that is not finite.
  private func check(_ loss: Double, _ gradients: Gradients, _ state: TrainingState) throws -> Double {
    // Each process has the gradients of its own parameters.
    let own = gradients.norm(of: parameters)
    var squares = [own * own]
    try run.context.communicator.sum(&squares)
    let norm = exchange.isNeeded ? squares[0].squareRoot() : own
    guard loss.isFinite, norm.isFinite else {
      var bad = parameters.map { gradients[$0]?.firstNonFinite == nil ? 0.0 : 1 }
      try run.context.communicator.sum(&bad)
      let culprit = bad.firstIndex { $0 > 0 }.map { parameters[$0] }
      throw TrainingError.nonFinite(
        step: state.step, tensor: loss.isFinite ? "the gradient of \(culprit?.name ?? "a parameter")" : "the loss",
        lastGood: TrainingState.lastGood(run.folder.state))
    }
    return norm
  }

  /// - Throws: `selfCheck` if the loss does not depend on anything that is trained: better now than after hours.
  private mutating func checkLearning(_ norm: Double, _ state: TrainingState) throws {
    guard let idle = idleSteps else { return }
    idleSteps = norm > 0 ? nil : idle + 1
    if idle + 1 >= min(Self.idleLimit, run.settings.steps), norm == 0 {
      throw TrainingError.selfCheck(
        recipe: run.folder.url.path,
        reason: "in \(idle + 1) steps no weight that is trained had any part in the loss, so nothing would be learnt")
    }
  }

  private mutating func tell(
    _ state: TrainingState, loss: Double, norm: Double, rate: Double, isLast: Bool
  ) throws {
    let settings = run.settings
    let seconds = max(Date().timeIntervalSince(started), 1e-9)
    let (speed, left) = (Double(samples) / seconds, seconds / Double(count) * Double(settings.steps - state.step))
    run.context.onEvent(
      .step(done: state.step, of: settings.steps, loss: loss, samplesPerSecond: speed, secondsLeft: left))
    guard state.step % settings.logEvery == 0 || isLast else { return }
    let entry = TrainingLog.Entry(
      step: state.step, loss: lossSum / Double(count), gradientNorm: norm, learningRate: rate, samplesPerSecond: speed,
      secondsLeft: left, gauges: gauges)
    gauges = nil
    try log.append(entry)
    run.context.onEvent(.log(entry, of: settings.steps))
    means.append(entry.loss)
    (lossSum, count, samples, started) = (0, 0, 0, Date())
  }

  private mutating func measure(_ state: TrainingState) throws {
    guard let every = run.artifact.gaugeInterval, state.step % every == 0 else { return }
    let before = Date()
    gauges = try averaged(state) { try run.artifact.gauges(step: state.step) }
    started += Date().timeIntervalSince(before)
  }

  private mutating func save(_ state: TrainingState) throws {
    try state.save(to: run.folder.state, identity: run.identity)
    run.context.onEvent(.wrote(kind: "state", run.folder.state))
    lastSave = Date()
  }

  /// Time spent on pictures does not count in the speed.
  /// - Parameter isAgain: whether the run goes on from here, so that what is there needs not be made again.
  /// - Returns: false where it was left, because the run is to stop; all processes say the same.
  private mutating func preview(_ state: TrainingState, isAgain: Bool = false) throws -> Bool {
    let before = Date()
    var stopped = [0.0]
    do {
      let isThere = isAgain && run.artifact.hasPreview(step: state.step)
      if !isThere { tell("samples", try averaged(state) { try run.artifact.preview(step: state.step) }) }
    } catch is RunStopped { stopped = [1] }
    try run.context.communicator.sum(&stopped)
    started += Date().timeIntervalSince(before)
    return stopped[0] == 0
  }

  private mutating func write(_ state: TrainingState, isLast: Bool) throws {
    let before = Date()
    tell("result", try averaged(state) { try run.artifact.write(step: state.step, isLast: isLast) })
    for (index, average) in state.averages.enumerated().dropFirst() {
      let files = try average.withAverage(parameters) {
        try run.artifact.write(average: index + 1, step: state.step, isLast: isLast)
      }
      tell("result", files)
    }
    started += Date().timeIntervalSince(before)
  }

  private func tell(_ kind: String, _ files: [URL]) {
    for url in files { run.context.onEvent(.wrote(kind: kind, url)) }
  }

  private func averaged<R>(_ state: TrainingState, _ body: () throws -> R) rethrows -> R {
    try state.averages.first?.withAverage(parameters, body) ?? body()
  }
}
