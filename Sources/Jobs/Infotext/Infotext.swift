import Images

/// The metadata of a finished picture: its settings as they were used, in AUTOMATIC1111's infotext.
public enum Infotext {
  /// All that decides the picture, every number with as many digits as it takes to read the same one back.
  /// - Parameter record: the settings as they were used, nothing left to a default.
  public static func parameters(of record: PictureJob) -> GenerationParameters {
    GenerationParameters(
      prompt: record.prompt ?? "", negativePrompt: record.negativePrompt ?? "",
      fields: Setting.all.flatMap { $0.infotext?.write(record) ?? [] } + [("Version", "imago")])
  }

  /// Keys of metadata under which files are named, or their hashes stand.
  public static let fileKeys = Set(Setting.all.compactMap(\.infotext).filter(\.namesFiles).flatMap(\.keys))

  /// The same without what does not decide it: where files lie, whose hashes say what they are.
  static func identity(of record: PictureJob) -> String {
    var parameters = parameters(of: record)
    let places = Set(Setting.all.flatMap { $0.infotext?.places ?? [] })
    parameters.fields.removeAll { places.contains($0.key) && $0.value != EditJob.alphaMask }
    return parameters.format()
  }
}
