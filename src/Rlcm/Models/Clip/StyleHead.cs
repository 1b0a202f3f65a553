using Rlcm.Checkpoints;
using Rlcm.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Clip;

/// <summary>Tells the styles of drawings apart by a CLIP model's embeddings: a linear classifier, in the folder <c>style_head</c> of the model.</summary>
public sealed class StyleHead : Module<Tensor, Tensor>
{
    /// <summary>Its folder inside the model's.</summary>
    public const string FolderName = "style_head";

    private const string ClassName = nameof(StyleHead);
    private readonly Linear classifier;

    /// <param name="width">P, the width of the embeddings.</param>
    /// <param name="styles">The words for the styles, in the order of the outputs.</param>
    public StyleHead(int width, IReadOnlyList<string> styles)
        : base(ClassName)
    {
        Styles = styles;
        classifier = Linear(width, styles.Count);
        RegisterComponents();
    }

    /// <summary>The words for the styles.</summary>
    public IReadOnlyList<string> Styles { get; }

    /// <summary>Logits of the styles.</summary>
    /// <param name="embeddings">[B, P] of length 1.</param>
    /// <returns>[B, styles].</returns>
    public override Tensor forward(Tensor embeddings) => classifier.forward(embeddings);

    /// <summary>Loads the head of the CLIP model in <paramref name="clipFolder"/>.</summary>
    /// <param name="clipFolder">The model's folder.</param>
    /// <param name="width">P, the width of its embeddings.</param>
    /// <exception cref="UserErrorException">It has none, or it is damaged or of another width.</exception>
    public static StyleHead Load(string clipFolder, int width)
    {
        var part = PartOf(clipFolder);
        if (!Directory.Exists(part.Folder))
            throw new UserErrorException($"{clipFolder}: expected a CLIP model with a head for styles, found no folder {FolderName}; take models/emoji-clip, or make one with 'rlcm pretrain clip'.");
        using var scope = NewDisposeScope();
        var head = new StyleHead(width, ReadStyles(part.ConfigPath, width));
        part.Load(head, key => key);
        head.Freeze();
        return head;
    }

    /// <summary>Writes it into the model's folder <paramref name="clipFolder"/>.</summary>
    /// <param name="clipFolder">The model's folder.</param>
    /// <param name="dtype">Type of the stored weights.</param>
    public void Save(string clipFolder, ScalarType dtype)
    {
        var part = PartOf(clipFolder);
        ModelJson.Write(part.ConfigPath, new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["architectures"] = (string[])[ClassName],
            ["projection_dim"] = classifier.in_features,
            ["styles"] = Styles,
        });
        ModelWeights.Save(this, part.WeightsPath, dtype);
    }

    /// <summary>The files that decide what the head of <paramref name="clipFolder"/> computes.</summary>
    /// <exception cref="UserErrorException">There are no weights.</exception>
    public static IEnumerable<string> Files(string clipFolder) => [PartOf(clipFolder).ConfigPath, .. PartOf(clipFolder).FindWeights().Files()];

    /// <summary>The styles that the file <paramref name="path"/> names for embeddings of <paramref name="width"/>.</summary>
    internal static string[] ReadStyles(string path, int width)
    {
        var reader = new ModelConfigReader(path);
        reader.Require("projection_dim", width);
        var styles = reader.Texts("styles");
        reader.Ignore("architectures");
        reader.Finish();
        return styles.Length >= 2 && styles.Distinct(StringComparer.Ordinal).Count() == styles.Length
            ? styles
            : throw reader.Wrong("styles", "two or more different words", string.Join(", ", styles));
    }

    private static ModelPart PartOf(string clipFolder) => ModelPart.OfTransformers(Path.Combine(clipFolder, FolderName));
}
