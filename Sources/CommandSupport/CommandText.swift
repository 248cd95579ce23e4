import Adapters

/// What the helps of several commands say.
public enum CommandText {
  /// Where things named without a path are looked for.
  public static let places = """
    --model NAME is looked up among the program's own pipelines and models first (imago models lists them), then in the \
    working folder; what has a slash in it is a path. <lora:NAME> in a prompt is looked up in \(AdapterFolders.usual). \
    IMAGO_HOME is the folder with the program's Pipelines/, Prompts/ and Weights/, where it is not beside the program.
    """
}
