import Generation
import Images

extension PictureJob {
  /// What decides the picture besides the request, for the metadata: how the model's files were read, the rule of
  /// emphasis.
  public var furtherFields: [GenerationParameters.Field] {
    var fields: [GenerationParameters.Field] = []
    func add(_ key: String, _ value: String?) {
      if let value { fields.append((key, value)) }
    }
    add("Emphasis", emphasis.flatMap { $0 == .original ? nil : $0.displayName })
    add("Prediction type", predictionType?.rawValue)
    add("EMA weights", usesAverage == true ? "True" : nil)
    add("Tokenizer", tokenizer)
    add("Variant", variant)
    add("Adapters factored", isFactored == true ? "True" : nil)
    return fields
  }
}
