using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Rlcm.Runtime;

namespace Rlcm.Rewards.Alignment;

/// <summary>A sentence encoder as ONNX: token ids in, a vector for each token out. Safe for concurrent use.</summary>
internal sealed class OnnxEncoder : IDisposable
{
    private const string Ids = "input_ids";
    private const string Mask = "attention_mask"; // which ids are no padding: all
    private const string Sentence = "token_type_ids"; // which of two sentences an id belongs to: the first
    private const string UsualOutput = "last_hidden_state";

    private readonly string _path;
    private readonly InferenceSession _session;
    private readonly string _output;

    private OnnxEncoder(string path, InferenceSession session, string output) => (_path, _session, _output) = (path, session, output);

    /// <summary>Loads the file <paramref name="path"/>.</summary>
    /// <param name="path">Inputs <c>input_ids</c> and perhaps <c>attention_mask</c> and <c>token_type_ids</c>, [N, S] Int64; outputs [N, S, D] Float32.</param>
    /// <param name="layer">Which output to take, by name or by number from 0; null: <c>last_hidden_state</c>, or else the first.</param>
    /// <exception cref="UserErrorException">The file is missing, damaged or another kind of model.</exception>
    public static OnnxEncoder Load(string path, string? layer)
    {
        var session = Open(path);
        try
        {
            foreach (var (name, input) in session.InputMetadata)
            {
                if (name is not (Ids or Mask or Sentence) || !input.IsTensor || input.ElementType != typeof(long))
                    throw Refusal(path, name, $"expected inputs of Int64 among {Ids}, {Mask} and {Sentence}, found {name} of {ElementOf(input)}; export the encoder alone");
            }

            var output = Choose([.. session.OutputMetadata.Keys], layer)
                ?? throw Refusal(path, layer, $"expected an output {layer}, found {string.Join(", ", session.OutputMetadata.Keys)}; set bertLayer to one of them or to its number from 0");
            var found = session.OutputMetadata[output];
            if (!found.IsTensor || found.ElementType != typeof(float) || found.Dimensions.Length != 3)
                throw Refusal(path, output, $"expected the output {output} to be [N, S, D] of Single, found {(found.IsTensor ? $"{found.Dimensions.Length} dimensions of " : "")}{ElementOf(found)}; choose another one by bertLayer");
            return new(path, session, output);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static InferenceSession Open(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"Cannot find the encoder {path}; export it to ONNX under this name.");
        try
        {
            using var options = new SessionOptions
            {
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
                IntraOpNumThreads = 1, // sums are cut into as many parts: the same on every machine
                InterOpNumThreads = 1,
            };
            return new(path, options);
        }
        catch (OnnxRuntimeException error)
        {
            throw new FileContentException(path, position: null, $"{path}: ONNX Runtime cannot load it ({ReadableText.Quote(error.Message.Trim(), 300)}); export the encoder again.", error);
        }
    }

    /// <summary>The type of a tensor's numbers; of what is no tensor, its kind.</summary>
    private static string ElementOf(NodeMetadata value) => value.IsTensor ? value.ElementType.Name : $"{value.OnnxValueType}";

    private static string? Choose(IReadOnlyList<string> outputs, string? layer)
    {
        if (layer is null)
            return outputs.Contains(UsualOutput, StringComparer.Ordinal) ? UsualOutput : outputs[0];
        return outputs.Contains(layer, StringComparer.Ordinal) ? layer
            : int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? outputs.ElementAtOrDefault(number)
            : null;
    }

    /// <summary>The vectors of the ids of one sentence, [S, D], and D.</summary>
    /// <exception cref="FileContentException">The model has no vectors for these ids.</exception>
    public (float[] Vectors, int Width) Encode(int[] ids)
    {
        try
        {
            long[] shape = [1, ids.Length];
            using var tokens = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(ids, id => (long)id), shape);
            using var mask = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(ids, _ => 1L), shape);
            using var sentence = OrtValue.CreateTensorValueFromMemory(new long[ids.Length], shape);
            var inputs = new Dictionary<string, OrtValue>(StringComparer.Ordinal) { [Ids] = tokens, [Mask] = mask, [Sentence] = sentence };
            using var run = new RunOptions();
            using var outputs = _session.Run(run, inputs.Where(input => _session.InputMetadata.ContainsKey(input.Key)).ToDictionary(StringComparer.Ordinal), [_output]);
            var vectors = outputs[0].GetTensorDataAsSpan<float>().ToArray();
            return vectors.Length > 0 && vectors.Length % ids.Length == 0
                ? (vectors, vectors.Length / ids.Length)
                : throw Refusal(_path, _output, $"expected a vector for each of {ids.Length} tokens, found {vectors.Length} numbers; export the encoder with both axes dynamic");
        }
        catch (OnnxRuntimeException error)
        {
            throw Refusal(_path, _output, $"the encoder fails on {ids.Length} token ids up to {ids.Max()} ({ReadableText.Quote(error.Message.Trim(), 300)}); take model and tokenizer from one encoder, exported with both axes dynamic", error);
        }
    }

    private static FileContentException Refusal(string path, string? position, string what, Exception? error = null) => new(path, position, $"{path}: {what}.", error);

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
