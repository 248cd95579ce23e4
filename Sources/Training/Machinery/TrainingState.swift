import Checkpoints
import Foundation
import NN
import TensorCore

/// Everything a run needs to go on to the same bits: weights, the optimiser's memory, averages, position.
public struct TrainingState: Sendable {
  public let parameters: [Parameter]
  public var optimizer: any Optimizer
  /// The first is the one pictures are made with.
  public var averages: [WeightAverage]
  /// Steps finished.
  public var step = 0

  /// - Parameter parameters: each name only once.
  public init(_ parameters: [Parameter], _ settings: OptimizerSettings, averages: [AverageProfile]) {
    self.parameters = parameters
    optimizer = settings.make(parameters)
    self.averages = averages.map { WeightAverage(parameters, $0) }
  }

  /// Bytes of the tensors in its file.
  var byteCount: Int {
    let buffers = optimizer.buffers
    return parameters.indices.reduce(0) { sum, i in
      let tensors = 1 + averages.count + buffers.count { $0.tensors[i] != nil }
      return sum + 4 * tensors * parameters[i].shape.reduce(1, *)
    }
  }

  /// Writes the state to one safetensors file, under a temporary name first.
  /// - Throws: `nonFinite` rather than write NaN or infinity over a good state.
  public func save(to url: URL, identity: RunIdentity) throws {
    for parameter in parameters where parameter.value.firstNonFinite != nil {
      throw TrainingError.nonFinite(step: step, tensor: parameter.name, lastGood: Self.lastGood(url))
    }
    var tensors: [(String, Tensor)] = []
    let buffers = optimizer.buffers
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

  /// Goes on from a saved state; it must be of the same recipe.
  public mutating func restore(from url: URL, identity: RunIdentity, steps: Int) throws {
    let file = try TensorFile(url)
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
    func read(_ kind: String, _ parameter: Parameter) throws -> Tensor {
      let key = "\(kind)/\(parameter.name)"
      let tensor = try file.tensor(key, shape: parameter.shape)
      guard tensor.dtype == .f32 else { throw fail("is damaged: \(key) is not float32") }
      return tensor.ownedFloat32()
    }
    let weights = try parameters.map { try read("weight", $0) }
    let buffers = try optimizer.buffers.map { buffer in
      OptimizerBuffer(
        name: buffer.name,
        tensors: try zip(parameters, buffer.tensors).map { $1 == nil ? nil : try read(buffer.name, $0) })
    }
    let values = try averages.indices.map { number in
      try parameters.map { try read(Self.kind(ofAverage: number), $0) }
    }
    for (parameter, value) in zip(parameters, weights) { parameter.replace(with: value) }
    optimizer.restore(buffers, updateCount: updates)
    for number in averages.indices { averages[number].restore(values[number]) }
    self.step = step
  }

  /// What an average's tensors are called.
  private static func kind(ofAverage number: Int) -> String { number == 0 ? "average" : "average\(number + 1)" }

  /// A state's path for messages, or that there is none.
  static func lastGood(_ url: URL) -> String {
    FileManager.default.fileExists(atPath: url.path) ? url.path : "none yet"
  }
}
