import Images

/// Looks at pictures one after the other, leaving out those that cannot be read.
enum ReadablePictures {
  /// What is made of each picture that can be read, and a line for each of the others.
  /// - Parameters:
  ///   - count: pictures in all.
  ///   - place: where they are, for messages.
  ///   - progress: told how many are done; throw to stop.
  /// - Throws: `noData` if not one can be read.
  static func map<Value>(
    _ count: Int, at place: String, _ progress: (_ done: Int) throws -> Void, _ look: (_ picture: Int) throws -> Value
  ) throws -> (values: [Value], skipped: [String]) {
    var (values, skipped) = ([Value](), [String]())
    for index in 0..<count {
      do { values.append(try look(index)) } catch let error as ImageError { skipped.append("\(error)") }
      try progress(index + 1)
    }
    guard !values.isEmpty else {
      let first = skipped.first.map { ": \($0)" } ?? ""
      throw EvaluationError.noData(path: place, reason: "no picture in it can be read\(first)")
    }
    return (values, skipped)
  }
}
