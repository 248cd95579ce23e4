import Checkpoints
import Foundation
import NN
import TensorCore

/// Everything a run needs to go on to the same bits: weights, the optimiser's memory, averages, position.
///
/// Of several processes each has the optimiser's memory of its own parameters, the leader the averages and the file, which does not
/// say how many they were.
struct TrainingState {
  let parameters: [Parameter]
  /// Of this process's parameters.
  var optimizer: any Optimizer
  /// The first is the one pictures are made with.
  var averages: [WeightAverage]
  /// Steps finished.
  var step = 0
  private let exchange: GradientExchange

  /// - Parameter parameters: each name only once.
  init(
    _ parameters: [Parameter], _ settings: OptimizerSettings, averages: [AverageProfile], _ exchange: GradientExchange
  ) {
    (self.parameters, self.exchange) = (parameters, exchange)
    optimizer = settings.make(exchange.owned)
    self.averages = exchange.communicator.leads ? averages.map { WeightAverage(parameters, $0) } : []
  }

  /// Bytes of the tensors in its file, of all processes.
  func byteCount() throws -> Int {
    let kept = optimizer.buffers.flatMap { $0.tensors.compactMap { $0?.count } }
    var numbers = [Double(kept.reduce(0, +))]
    try exchange.communicator.sum(&numbers)
    let weights = parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
    return 4 * (Int(numbers[0]) + weights * (1 + averages.count))
  }

  /// Writes the state to one safetensors file, under a temporary name first.
  /// - Throws: `nonFinite` rather than write NaN or infinity over a good state.
  func save(to url: URL, identity: RunIdentity) throws {
    let buffers = try exchange.collected(optimizer.buffers)
    guard exchange.communicator.leads else { return }
    for parameter in parameters where parameter.value.firstNonFinite != nil {
      throw TrainingError.nonFinite(step: step, tensor: parameter.name, lastGood: Self.lastGood(url))
    }
    var tensors: [(String, Tensor)] = []
    for (i, parameter) in parameters.enumerated() {
      tensors.append(("weight/\(parameter.name)", parameter.value))
      for buffer in buffers {
        if let tensor = buffer.tensors[i] { tensors.append(("\(buffer.name)/\(parameter.name)", tensor)) }
      }
      for (number, average) in averages.enumerated() {
        tensors.append(("\(Self.kind(ofAverage: number))/\(parameter.name)", average.values[i]))
      }
    }
    try TensorFile.write(
      tensors, to: url,
      metadata: ["step": String(step), "updates": String(optimizer.updateCount), "recipe": identity.text])
  }

  /// Goes on from a saved state, if the leader has one; it must be of the same recipe.
  /// - Returns: whether there was one.
  mutating func restore(from url: URL, identity: RunIdentity, steps: Int) throws -> Bool {
    let others = exchange.communicator
    var place = [0.0, 0, 0]
    var file: TensorFile?
    if others.leads, FileManager.default.fileExists(atPath: url.path) {
      let opened = try TensorFile(url)
      let (step, updates) = try position(opened, url, identity, steps: steps)
      (file, place) = (opened, [1, Double(step), Double(updates)])
    }
    try others.sum(&place)
    guard place[0] > 0 else { return false }
    func read(_ kind: String, _ parameter: Parameter) throws -> Tensor {
      guard let file else { return .zeros(parameter.shape) }
      let key = "\(kind)/\(parameter.name)"
      let tensor = try file.tensor(key, shape: parameter.shape)
      guard tensor.dtype == .f32 else {
        throw TrainingError.wrongState(path: url.path, reason: "is damaged: \(key) is not float32")
      }
      return tensor.ownedFloat32()
    }
    let weights = try parameters.map { try read("weight", $0) }
    let buffers = try exchange.distributed(optimizer.buffers, read: read)
    let values = try averages.indices.map { number in
      try parameters.map { try read(Self.kind(ofAverage: number), $0) }
    }
    for (parameter, value) in zip(parameters, weights) { parameter.replace(with: value) }
    try exchange.shareLeadersWeights()
    optimizer.restore(buffers, updateCount: Int(place[2]))
    for number in averages.indices { averages[number].restore(values[number]) }
    step = Int(place[1])
    return true
  }

  /// What a state's file says of its place in the run.
  private func position(
    _ file: TensorFile, _ url: URL, _ identity: RunIdentity, steps: Int
  ) throws -> (step: Int, updates: Int) {
    func fail(_ reason: String) -> TrainingError { .wrongState(path: url.path, reason: reason) }
    guard let step = file.metadata["step"].flatMap(Int.init),
      let updates = file.metadata["updates"].flatMap(Int.init), let recipe = file.metadata["recipe"]
    else { throw fail("is not a training state of this version") }
    if let difference = identity.difference(from: RunIdentity(text: recipe)) {
      throw fail("was made by a different recipe: \(difference)")
    }
    guard (0...steps).contains(step), updates >= 0 else {
      throw fail("is damaged: it says step \(step) of \(steps), \(updates) updates")
    }
    return (step, updates)
  }

  /// What an average's tensors are called.
  private static func kind(ofAverage number: Int) -> String { number == 0 ? "average" : "average\(number + 1)" }

  /// A state's path for messages, or that there is none.
  static func lastGood(_ url: URL) -> String {
    FileManager.default.fileExists(atPath: url.path) ? url.path : "none yet"
  }
}
