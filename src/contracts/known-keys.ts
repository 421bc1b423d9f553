// Which keys a schema knows at a path, for «did you mean»: zod names the unknown keys of an object, not the known ones.
import { z } from 'zod';

/** Keys of the object that `schema` expects at `path`; of a union, those of all its branches. Empty where it expects no object. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const reached = path.reduce<z.core.$ZodType[]>((schemas, part) => schemas.flatMap((each) => below(each, part)), [schema]);
  return [...new Set(reached.flatMap(objectsOf).flatMap((object) => Object.keys(object._zod.def.shape)))];
}

function below(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType[] {
  return branchesOf(schema).flatMap((branch): z.core.$ZodType[] => {
    if (branch instanceof z.core.$ZodObject) {
      const field = branch._zod.def.shape[String(part)];
      return field ? [field] : [];
    }
    if (branch instanceof z.core.$ZodArray) return [branch._zod.def.element];
    return branch instanceof z.core.$ZodRecord ? [branch._zod.def.valueType] : [];
  });
}

function objectsOf(schema: z.core.$ZodType): z.core.$ZodObject[] {
  return branchesOf(schema).filter((branch) => branch instanceof z.core.$ZodObject);
}

/** What stands inside of defaults, optional fields, transformations and unions; as it is where `isWhole` says so. */
export function branchesOf(schema: z.core.$ZodType, isWhole: (schema: z.core.$ZodType) => boolean = () => false): z.core.$ZodType[] {
  const inside = (part: z.core.$ZodType): z.core.$ZodType[] => branchesOf(part, isWhole);
  if (isWhole(schema)) return [schema];
  if (schema instanceof z.core.$ZodUnion) return schema._zod.def.options.flatMap(inside);
  if (schema instanceof z.core.$ZodPipe) return inside(schema._zod.def.in);
  if (
    schema instanceof z.core.$ZodOptional ||
    schema instanceof z.core.$ZodNullable ||
    schema instanceof z.core.$ZodDefault ||
    schema instanceof z.core.$ZodPrefault
  )
    return inside(schema._zod.def.innerType);
  return [schema];
}
