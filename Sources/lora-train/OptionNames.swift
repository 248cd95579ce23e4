/// The flags behind a recipe's keys.
enum OptionNames {
  /// `--rank` for `adapter.rank`.
  static func flag(_ key: String) -> String {
    let known = [
      "loop.learning_rate": "lr", "loop.warmup_steps": "warmup", "adapter.text_learning_rate": "lr-text",
      "loop.write_every": "save-every", "pictures.class": "class", "embedding.vectors": "vectors",
    ]
    let last = key.split(separator: ".").last.map(String.init) ?? key
    return "--" + (known[key] ?? String(last.map { $0 == "_" ? "-" : $0 }))
  }
}
