import Checkpoints
import Foundation
import NN
import TensorCore

/// Everything a run needs to go on to the same bits: weights, moments, averages, position.
public struct TrainingState: Sendable {
  public let parameters: [Parameter]
  public var optimizer: AdamW
  public var average: WeightAverage?
  /// Steps finished.
  public var step = 0

  public init(_ parameters: [Parameter], _ settings: AdamW.Settings, averageDecay: Float?) {
    self.parameters = parameters
    optimizer = AdamW(parameters, settings)
    average = averageDecay.map { WeightAverage(parameters, decay: $0) }
  }

  /// Writes the state to one safetensors file, under a temporary name first.
  public func save(to url: URL, fingerprint: String) throws {
    var tensors: [(String, Tensor)] = []
    for (i, parameter) in parameters.enumerated() {
      tensors.append(("weight/\(parameter.name)", parameter.value))
      tensors.append(("first/\(parameter.name)", optimizer.firstMoments[i]))
      tensors.append(("second/\(parameter.name)", optimizer.secondMoments[i]))
      if let average { tensors.append(("average/\(parameter.name)", average.values[i])) }
    }
    try TensorFile.write(
      tensors, to: url,
      metadata: [
        "step": String(step), "updates": String(optimizer.updateCount), "fingerprint": fingerprint,
      ])
  }

  /// Goes on from a saved state; it must be of the same recipe.
  public mutating func restore(from url: URL, fingerprint: String) throws {
    let file = try TensorFile(url)
    guard file.metadata["fingerprint"] == fingerprint else {
      throw TrainingError.wrongState(path: url.path, reason: "was made by a different recipe")
    }
    guard let step = file.metadata["step"].flatMap(Int.init),
      let updates = file.metadata["updates"].flatMap(Int.init)
    else { throw TrainingError.wrongState(path: url.path, reason: "is not a training state") }
    func read(_ kind: String) throws -> [Tensor] {
      try parameters.map { try file.floatTensor("\(kind)/\($0.name)", shape: $0.shape).ownedFloat32() }
    }
    for (parameter, value) in zip(parameters, try read("weight")) { parameter.replace(with: value) }
    optimizer.restore(first: try read("first"), second: try read("second"), updateCount: updates)
    if average != nil { average?.restore(try read("average")) }
    self.step = step
  }
}
