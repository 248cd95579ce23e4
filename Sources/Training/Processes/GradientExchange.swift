import NN
import TensorCore

/// Adds up the gradients of several processes, each sum where the parameter's optimiser has its memory, and hands the updated weights
/// to all (ZeRO stage 1: Rajbhandari et al. 2020, §5.1).
///
/// Gradients travel in buckets while others are still computed: a bucket leaves as soon as all its gradients are final, in the same
/// order everywhere. Backward reaches the last layers first, so buckets begin with the last parameters.
final class GradientExchange {
  /// Parameters whose gradients travel together.
  private struct Bucket {
    var members: [Int] = []
    var count = 0
    let owner: Int
  }

  /// Numbers of a bucket: few enough that the first leave early, many enough that starting costs nothing.
  static let bucketSize = 1 << 20

  let communicator: any Communicator
  private let parameters: [Parameter]
  /// Of each parameter, who keeps the optimiser's memory.
  private let owners: [Int]
  private let buckets: [Bucket]
  private let places: [ObjectIdentifier: (index: Int, bucket: Int)]

  /// Gradients of the batches before the last one.
  private var earlier: Gradients?
  private var final: [Tensor?]
  /// Gradients of each bucket that are not final yet.
  private var missing: [Int]
  private var pending: [any PendingSum] = []

  init(_ parameters: [Parameter], _ communicator: any Communicator, bucketSize: Int = GradientExchange.bucketSize) {
    (self.parameters, self.communicator) = (parameters, communicator)
    let sizes = parameters.map { $0.shape.reduce(1, *) }
    let owners = WorkShare.owners(sizes, processes: communicator.size)
    var buckets: [Bucket] = []
    var places: [ObjectIdentifier: (Int, Int)] = [:]
    for index in parameters.indices.reversed() {
      let last = buckets.last
      if last.map({ $0.owner != owners[index] || $0.count + sizes[index] > bucketSize }) ?? true {
        buckets.append(Bucket(owner: owners[index]))
      }
      buckets[buckets.count - 1].members.append(index)
      buckets[buckets.count - 1].count += sizes[index]
      places[ObjectIdentifier(parameters[index])] = (index, buckets.count - 1)
    }
    (self.owners, self.buckets, self.places) = (owners, buckets, places)
    final = Array(repeating: nil, count: parameters.count)
    missing = buckets.map(\.members.count)
  }

  /// Whether there is anybody to exchange with.
  var isNeeded: Bool { communicator.size > 1 }

  /// The parameters this process updates.
  var owned: [Parameter] { parameters.indices.filter { owners[$0] == communicator.rank }.map { parameters[$0] } }

  // MARK: - Gradients

  /// Begins a step's last batch.
  /// - Parameter earlier: gradients of those before it.
  func begin(after earlier: Gradients?) {
    self.earlier = earlier
    final = Array(repeating: nil, count: parameters.count)
    missing = buckets.map(\.members.count)
    pending = []
  }

  /// Takes a gradient of the last batch that nothing is added to any more.
  func add(_ gradient: Tensor, of object: AnyObject) {
    guard let place = places[ObjectIdentifier(object)] else { return }
    final[place.index] = earlier?[parameters[place.index]].map { $0 + gradient } ?? gradient
    missing[place.bucket] -= 1
    while pending.count < buckets.count, missing[pending.count] == 0 { send() }
  }

  /// Waits for all sums.
  /// - Returns: the gradients of the parameters this process updates; none for one that no process has a gradient of.
  func finish() throws -> Gradients {
    while pending.count < buckets.count { send() }
    defer { begin(after: nil) }
    var sums = Gradients()
    for (bucket, sum) in zip(buckets, pending) {
      let values = try sum.wait()
      guard bucket.owner == communicator.rank else { continue }
      var start = bucket.members.count
      for (place, index) in bucket.members.enumerated() {
        let parameter = parameters[index]
        let count = parameter.shape.reduce(1, *)
        defer { start += count }
        guard values[place] > 0 else { continue }
        sums[parameter] = Tensor(Array(values[start..<start + count]), shape: parameter.shape)
      }
    }
    return sums
  }

  /// Sends the next bucket: for each parameter whether it has a gradient, then the gradients, zeros for what has none.
  private func send() {
    let bucket = buckets[pending.count]
    let gradients = bucket.members.map { final[$0] ?? earlier?[parameters[$0]] }
    var values = gradients.map { $0 == nil ? 0 : 1 as Float }
    values.reserveCapacity(bucket.members.count + bucket.count)
    for (index, gradient) in zip(bucket.members, gradients) {
      if let gradient {
        values += gradient.cast(to: .f32).floats()
      } else {
        values += repeatElement(0, count: parameters[index].shape.reduce(1, *))
      }
    }
    for index in bucket.members { final[index] = nil }
    pending.append(communicator.startSum(values, for: bucket.owner))
  }

  // MARK: - Weights and memory

  /// Gives everybody the weights that each process updated.
  func shareWeights() throws {
    guard isNeeded else { return }
    try share(buckets) { $0.owner }
  }

  /// Gives everybody the leader's weights.
  func shareLeadersWeights() throws {
    guard isNeeded else { return }
    try share(buckets) { _ in 0 }
  }

  private func share(_ buckets: [Bucket], from root: (Bucket) -> Int) throws {
    for bucket in buckets {
      let source = root(bucket)
      var values: [Float] = []
      if source == communicator.rank {
        for index in bucket.members { values += parameters[index].value.floats() }
      } else {
        values = Array(repeating: 0, count: bucket.count)
      }
      try communicator.broadcast(&values, from: source)
      guard source != communicator.rank else { continue }
      var start = 0
      for index in bucket.members {
        let shape = parameters[index].shape
        let count = shape.reduce(1, *)
        parameters[index].replace(with: Tensor(Array(values[start..<start + count]), shape: shape))
        start += count
      }
    }
  }

  /// The optimiser's memory of all parameters, at the leader; elsewhere that of this process, in place among them.
  /// - Parameter own: of this process's parameters.
  func collected(_ own: [OptimizerBuffer]) throws -> [OptimizerBuffer] {
    try own.map { buffer in
      var tensors = placed(buffer.tensors)
      guard isNeeded else { return OptimizerBuffer(name: buffer.name, tensors: tensors) }
      for (index, isKept) in try presence(tensors).enumerated() where isKept {
        var values = tensors[index]?.floats() ?? zeros(index)
        try communicator.broadcast(&values, from: owners[index])
        if communicator.leads { tensors[index] = Tensor(values, shape: parameters[index].shape) }
      }
      return OptimizerBuffer(name: buffer.name, tensors: tensors)
    }
  }

  /// Of the leader's memory of all parameters what this process keeps.
  /// - Parameters:
  ///   - own: what the process has now, which says for what a memory is kept.
  ///   - read: reads a parameter's, at the leader.
  func distributed(
    _ own: [OptimizerBuffer], read: (_ buffer: String, Parameter) throws -> Tensor
  ) throws -> [OptimizerBuffer] {
    try own.map { buffer in
      var tensors = placed(buffer.tensors)
      for (index, isKept) in try presence(tensors).enumerated() where isKept {
        var values = communicator.leads ? try read(buffer.name, parameters[index]).floats() : zeros(index)
        if isNeeded { try communicator.broadcast(&values, from: 0) }
        if owners[index] == communicator.rank { tensors[index] = Tensor(values, shape: parameters[index].shape) }
      }
      let mine = parameters.indices.filter { owners[$0] == communicator.rank }
      return OptimizerBuffer(name: buffer.name, tensors: mine.map { tensors[$0] })
    }
  }

  private func zeros(_ index: Int) -> [Float] {
    Array(repeating: 0, count: parameters[index].shape.reduce(1, *))
  }

  /// Tensors of this process's parameters in their places among all.
  private func placed(_ own: [Tensor?]) -> [Tensor?] {
    var rest = own[...]
    return owners.map { $0 == communicator.rank ? rest.removeFirst() : nil }
  }

  /// Of which parameters any process keeps something.
  private func presence(_ tensors: [Tensor?]) throws -> [Bool] {
    var counts = tensors.map { $0 == nil ? 0.0 : 1 }
    try communicator.sum(&counts)
    return counts.map { $0 > 0 }
  }
}
