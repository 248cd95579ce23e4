import Images

/// How metadata has a setting, in AUTOMATIC1111's infotext.
struct InfotextForm: Sendable {
  /// Every key it may stand under, or beside, such as a file's hash.
  var keys: [String]
  /// Keys that say where something lies and not what it is.
  var places: [String] = []
  /// Whether its keys name files, which are looked for when they are read.
  var namesFiles = false
  /// Whether it stands there only for pictures made from another one.
  var isOfEdits = false
  /// The fields of a finished picture's settings.
  var write: @Sendable (PictureJob) -> [GenerationParameters.Field]
  /// Reads them into the reader's job.
  var read: @Sendable (inout InfotextReader) -> Void
}

/// The same as `Setting`'s initialiser takes it.
enum InfotextRow<Value: Sendable & Equatable>: Sendable {
  /// Metadata does not say it.
  case none
  /// A field of its own.
  /// - Parameters:
  ///   - isOfEdits: see `InfotextForm`.
  ///   - write: nil for a value that is not written; as lines have it if there is none.
  ///   - read: nil for no value; as lines have it if there is none.
  case field(
    String, isOfEdits: Bool = false, write: (@Sendable (Value) -> String?)? = nil,
    read: (@Sendable (String) -> Value?)? = nil)
  case form(InfotextForm)

  func form(
    _ name: String, _ field: WritableKeyPath<PictureJob, Value?> & Sendable, _ form: SettingForm<Value>
  ) -> InfotextForm? {
    switch self {
    case .none: return nil
    case .form(let form): return form
    case .field(let key, let isOfEdits, let write, let read):
      let write: @Sendable (Value) -> String? = write ?? { form.write($0) }
      let parse: @Sendable (String) -> Value? =
        read ?? { text in
          guard let value = try? form.read(text), form.problem(value) == nil else { return nil }
          return value
        }
      return InfotextForm(
        keys: [key], isOfEdits: isOfEdits,
        write: { job in job[keyPath: field].flatMap(write).map { [(key, $0)] } ?? [] },
        read: { reader in
          if let value = reader.value(key, form.expects, parse) { reader.job[keyPath: field] = value }
        })
    }
  }
}
